import { concatBytes, fromHex, utf8, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId, RunId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import type { Weight } from './swarm-api.ts';

/** Goes up with every change that an older volunteer would misread. At most 7: it shares a byte with the kind. */
export const protocolVersion = 2;

/** What a well-formed message may hold. Anything beyond is rejected by the decoder. */
export const limits = {
  /** Members, and so contributions, joins and leaves of one record. */
  members: 256,
  /** Electorates a snapshot names; each change of membership since the last final record makes one. */
  electorates: 64,
  round: 0x7fffffff,
  tokens: 0x7fffffff,
  epoch: 0xffff,
  /** Nats a token; a model that knows nothing of 65,536 tokens stands at 11. */
  loss: 100,
  /** Bytes of one piece of a snapshot. */
  pieceBytes: 1 << 18,
  snapshotBytes: 0xffffffff,
} as const;

/** Message kinds by their number on the wire. A number is never used again for something else; 16 to 18 are blobs (blob-codec.ts). */
export const kindNumbers = {
  hello: 1,
  contribution: 2,
  have: 3,
  record: 4,
  confirm: 5,
  join: 6,
  leave: 7,
  'want-contribution': 8,
  'want-record': 9,
  'want-snapshot': 10,
  snapshot: 11,
  'want-piece': 12,
  piece: 13,
  'want-named': 14,
  named: 15,
} as const;
export type Kind = keyof typeof kindNumbers;

/** Introduces a peer to the one at the other end of a link; also the answer to a request for what is no longer kept. */
export interface HelloMessage {
  readonly kind: 'hello';
  readonly publicKey: Bytes;
  readonly wantsMembership: boolean;
  /** Where this peer stands; undefined while it holds no record. */
  readonly stand: Stand | undefined;
}

export interface Stand {
  /** The newest record of its chain. */
  readonly head: number;
  readonly tip: Digest;
  /** The oldest round whose record and bodies it still holds. */
  readonly oldest: number;
  readonly final: number;
  readonly epoch: number;
}

/** One volunteer's bytes for a round. Signed by `author`. Without the payload: at most 99 bytes up to round 16,383. */
export interface ContributionMessage {
  readonly kind: 'contribution';
  readonly round: number;
  readonly author: PeerId;
  readonly weight: Weight;
  readonly tokens: number;
  /** Rounded to f32 on the wire. */
  readonly loss: number;
  readonly validationLoss: number | undefined;
  readonly payload: Bytes;
}

/** "I hold this contribution": what lets a leader name it. */
export interface HaveMessage {
  readonly kind: 'have';
  readonly round: number;
  readonly digest: Digest;
}

/** The outcome of a round. Signed by `leader`. What its parts mean and when they are valid: ledger-rules.ts. */
export interface RecordMessage {
  readonly kind: 'record';
  readonly round: number;
  readonly parent: Digest;
  readonly leader: PeerId;
  /** 32 hex digits. */
  readonly parentState: string;
  /** Indices of the authors that count, into the members after the parent sorted by id. Increasing. */
  readonly authors: readonly number[];
  /** SHA-256 over the digests of their contributions in that order; undefined if there are none. */
  readonly bodies: Digest | undefined;
  readonly joinKeys: readonly Bytes[];
  /** Members that leave with their own signature. */
  readonly goodbyes: readonly Goodbye[];
  /** Members that leave without. */
  readonly absent: readonly PeerId[];
  readonly certificate: WireCertificate | undefined;
  readonly snapshot: SnapshotName | undefined;
  /** True: from here on only the members that remain are counted, because a majority has vanished. */
  readonly epochChange: boolean;
}

/** A leave message as a record quotes it: `author` left after its confirm of `record`, its last. */
export interface Goodbye {
  readonly author: PeerId;
  readonly joined: number;
  readonly round: number;
  readonly record: Digest;
  readonly signature: Bytes;
}

/** Confirms of the ancestor at `round`: voter i (an index into votersOf) signed {round, record, state, clean}. */
export interface WireCertificate {
  readonly round: number;
  readonly state: string;
  readonly votes: readonly { readonly voter: number; readonly clean: boolean; readonly signature: Bytes }[];
}

/** The Merkle root over the pieces of the snapshot of the state after `round`. */
export interface SnapshotName {
  readonly round: number;
  readonly root: Digest;
}

/** "After this record I hold this state": a vote for the record. Signed by the sender, at most once a round number. */
export interface ConfirmMessage {
  readonly kind: 'confirm';
  readonly round: number;
  readonly record: Digest;
  /** 32 hex digits. */
  readonly state: string;
  /** The sender confirmed no record off this chain in a round above the newest one certified in it. */
  readonly clean: boolean;
}

/** Asks to be listed by the next record. `round` is the newest record the sender applied. Signed by the sender. */
export interface JoinMessage {
  readonly kind: 'join';
  readonly round: number;
  readonly publicKey: Bytes;
}

/** Gives membership up. `joined`: the record that granted it; `round`, `record`: the sender's last confirm. Signed. */
export interface LeaveMessage {
  readonly kind: 'leave';
  readonly round: number;
  readonly record: Digest;
  readonly joined: number;
  readonly author: PeerId;
}

export interface WantContributionMessage {
  readonly kind: 'want-contribution';
  readonly round: number;
  readonly digest: Digest;
}

/** Answered with the bodies the record of the answerer's chain names, then the record; or with a hello if it is not kept. */
export interface WantRecordMessage {
  readonly kind: 'want-record';
  readonly round: number;
}

/** Asks which contributions a record counts; answered with `named`. */
export interface WantNamedMessage {
  readonly kind: 'want-named';
  readonly round: number;
  readonly record: Digest;
}

export interface NamedMessage {
  readonly kind: 'named';
  readonly round: number;
  readonly record: Digest;
  readonly digests: readonly Digest[];
}

/** Asks which snapshot the answerer can give. */
export interface WantSnapshotMessage {
  readonly kind: 'want-snapshot';
}

/** Announces a snapshot of the state after `round`; its pieces are asked for by root and index. */
export interface SnapshotMessage {
  readonly kind: 'snapshot';
  readonly round: number;
  readonly record: Digest;
  readonly state: string;
  readonly totalBytes: number;
  /** SHA-256 of each piece of 256 KiB; the last may be shorter. */
  readonly leaves: readonly Bytes[];
  /** What the ledger needs to go on from `record`: chain-context.ts. The same bytes at every replica. */
  readonly context: Bytes;
}

export interface WantPieceMessage {
  readonly kind: 'want-piece';
  readonly root: Digest;
  readonly index: number;
}

/** Bytes [index x 256 KiB, (index + 1) x 256 KiB) of the snapshot with this Merkle root. */
export interface PieceMessage {
  readonly kind: 'piece';
  readonly root: Digest;
  readonly index: number;
  readonly bytes: Bytes;
}

export type Message =
  | HelloMessage
  | ContributionMessage
  | HaveMessage
  | RecordMessage
  | ConfirmMessage
  | JoinMessage
  | LeaveMessage
  | WantContributionMessage
  | WantRecordMessage
  | WantSnapshotMessage
  | SnapshotMessage
  | WantPieceMessage
  | PieceMessage
  | WantNamedMessage
  | NamedMessage;

/** The kinds that end in a 64-byte signature. */
export type SignedMessage = ContributionMessage | RecordMessage | ConfirmMessage | JoinMessage | LeaveMessage;
export const isSignedKind = (kind: Kind): kind is SignedMessage['kind'] =>
  kind === 'contribution' || kind === 'record' || kind === 'confirm' || kind === 'join' || kind === 'leave';

/**
 * The bytes a signature covers: a name, the run, and the message up to its signature, which begins with version,
 * kind and round. The run id itself is not sent: a message of another run fails here.
 */
export function signedBytes(run: RunId, unsigned: Uint8Array): Bytes {
  const runBytes = fromHex(run);
  invariant(runBytes?.length === 32, 'a run id is 64 hex digits');
  return concatBytes(utf8('starling'), runBytes, unsigned);
}
