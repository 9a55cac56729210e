import { concatBytes, fromHex, utf8, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId, RunId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import type { CountedContribution, Weight } from './swarm-api.ts';

/** Goes up with every change that an older volunteer would misread. At most 7: it shares a byte with the kind. */
export const protocolVersion = 1;

/** What a well-formed message may hold. Anything beyond is rejected by the decoder. */
export const limits = {
  /** Members, and so contributions, joins and leaves of one record. */
  members: 256,
  round: 0x7fffffff,
  tokens: 0x7fffffff,
  /** Nats a token; a model that knows nothing of 65,536 tokens stands at 11. */
  loss: 100,
  /** Bytes of one piece of a snapshot. */
  pieceBytes: 1 << 18,
  snapshotBytes: 0xffffffff,
} as const;

/** Message kinds by their number on the wire. A number is never used again for something else. */
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
} as const;
export type Kind = keyof typeof kindNumbers;

/** Introduces a peer to the one at the other end of a link; also the answer to a request for what is no longer kept. */
export interface HelloMessage {
  readonly kind: 'hello';
  readonly publicKey: Bytes;
  /** The newest record this peer holds. */
  readonly head: number | undefined;
  /** The oldest round whose record and bodies it still holds. */
  readonly oldest: number | undefined;
  readonly wantsMembership: boolean;
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

/** The outcome of a round. Signed by `leader`. */
export interface RecordMessage {
  readonly kind: 'record';
  readonly round: number;
  readonly parent: Digest;
  readonly leader: PeerId;
  /** 32 hex digits. */
  readonly parentState: string;
  readonly contributions: readonly CountedContribution[];
  readonly joinKeys: readonly Bytes[];
  readonly leaves: readonly PeerId[];
}

/** "After this record I hold this state." Signed by the sender. */
export interface ConfirmMessage {
  readonly kind: 'confirm';
  readonly round: number;
  readonly record: Digest;
  /** 32 hex digits. */
  readonly state: string;
}

/** Asks to be listed by the next record. `round` is the newest record the sender applied. Signed by the sender. */
export interface JoinMessage {
  readonly kind: 'join';
  readonly round: number;
  readonly publicKey: Bytes;
}

/** Gives membership up. `round` is that of the record that granted it, so an old leave cannot be played again. Signed. */
export interface LeaveMessage {
  readonly kind: 'leave';
  readonly round: number;
  readonly author: PeerId;
}

export interface WantContributionMessage {
  readonly kind: 'want-contribution';
  readonly round: number;
  readonly digest: Digest;
}

/** Answered with the bodies the record names, then the record; or with a hello if it is no longer, or not yet, kept. */
export interface WantRecordMessage {
  readonly kind: 'want-record';
  readonly round: number;
}

export interface WantSnapshotMessage {
  readonly kind: 'want-snapshot';
}

/** Announces a snapshot of the state after `round`; its pieces are asked for one by one. */
export interface SnapshotMessage {
  readonly kind: 'snapshot';
  readonly round: number;
  readonly record: Digest;
  readonly state: string;
  readonly totalBytes: number;
  /** Members after `round`. */
  readonly members: readonly { readonly publicKey: Bytes; readonly joinedRound: number }[];
}

export interface WantPieceMessage {
  readonly kind: 'want-piece';
  readonly round: number;
  readonly index: number;
}

/** Bytes [index x 256 KiB, (index + 1) x 256 KiB) of the snapshot; the last piece is shorter. */
export interface PieceMessage {
  readonly kind: 'piece';
  readonly round: number;
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
  | PieceMessage;

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
