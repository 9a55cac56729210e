import type { Bytes } from '../base/bytes.ts';
import type { Digest, PeerId, RunId } from '../base/ids.ts';

/** Quarters of a round's token target that a contribution reached: its vote weight. */
export type Weight = 1 | 2 | 3 | 4;

/** What the swarm must know of a run. It knows nothing of models: payloads and snapshots are bytes. */
export interface SwarmRules {
  readonly runId: RunId;
  /** Who signs record 0. */
  readonly founder: PeerId;
  /** Members the founder waits for before record 0. */
  readonly minMembers: number;
  /** From the end of the parent round until the leader stops waiting for contributions. */
  readonly roundDeadlineMs: number;
  readonly maxPayloadBytes: number;
  readonly maxSnapshotBytes: number;
  /** A payload that cannot be decoded for this run is named here with a short stable reason. */
  readonly payloadProblem: (payload: Bytes) => string | undefined;
}

/** One volunteer's bytes for a round, and what it says of them. */
export interface OwnContribution {
  readonly payload: Bytes;
  readonly weight: Weight;
  readonly tokens: number;
  /** Mean training loss of this volunteer's batch, nats a token. */
  readonly loss: number;
  /** Mean loss on this volunteer's share of the validation text before this round, in rounds that measure it. */
  readonly validationLoss: number | undefined;
}

export interface Contribution extends OwnContribution {
  readonly author: PeerId;
  readonly round: number;
  /** SHA-256 of the whole signed message. */
  readonly digest: Digest;
  /** Length of the whole signed message. */
  readonly messageBytes: number;
}

/** A contribution as a record names it. */
export interface CountedContribution {
  readonly author: PeerId;
  readonly weight: Weight;
  readonly digest: Digest;
  readonly tokens: number;
  readonly loss: number;
  readonly validationLoss: number | undefined;
}

/** The agreed outcome of a round: design section 4. Round 0 is the genesis record: no contributions, first members. */
export interface RoundRecord {
  readonly round: number;
  /** Digest of the parent record; the run id for round 0. */
  readonly parent: Digest;
  readonly digest: Digest;
  readonly leader: PeerId;
  /** Digest of the replica's state before this record is applied: 32 hex digits. */
  readonly parentState: string;
  readonly contributions: readonly CountedContribution[];
  readonly joins: readonly PeerId[];
  readonly leaves: readonly PeerId[];
}

/** A record with the bodies it names, in the record's order: all that apply needs. */
export interface AgreedRound {
  readonly record: RoundRecord;
  readonly contributions: readonly Contribution[];
  /** Clock time at which the last body it names had arrived here. */
  readonly bodiesAtMs: number;
}

/** How a replica enters the run: from the start, or from a member's snapshot of the state after `round`. */
export type Entry =
  | { readonly kind: 'genesis'; readonly round: 0 }
  | { readonly kind: 'snapshot'; readonly round: number; readonly state: string; readonly bytes: Bytes };

/** Sentences for people, as they happen. */
export interface SwarmEvent {
  readonly atMs: number;
  readonly kind:
    | 'joined'
    | 'left'
    | 'leader'
    | 'absent'
    | 'replicas-differ'
    | 'repaired'
    | 'rejected'
    | 'snapshot'
    | 'info';
  readonly text: string;
}

/** One look at the swarm; a new object after every change. */
export interface SwarmView {
  readonly round: number;
  readonly members: readonly PeerId[];
  readonly connected: readonly PeerId[];
  readonly leader: PeerId | undefined;
  readonly isMember: boolean;
  /** Confirms of the newest applied record: digests by peer, own included. */
  readonly confirms: readonly { readonly peer: PeerId; readonly state: string }[];
  /** False as soon as a confirm for the newest applied record carries another state than ours. */
  readonly replicasAgree: boolean;
  /** Refusals since the start, by reason. */
  readonly rejections: Readonly<Record<string, number>>;
  readonly waitingFor: string;
  readonly catchUp: { readonly bytes: number; readonly totalBytes: number } | undefined;
}

/** What the street needs of the network. All promises reject with StarlingError `swarm-closed` after `close`. */
export interface Swarm {
  readonly self: PeerId;
  /** Founder: waits for `minMembers`, signs record 0. Others: wait to be in it, or fetch a snapshot of a run under way. */
  enter(initialState: string): Promise<Entry>;
  /** The entry's snapshot did not match its digest: forget it and fetch another. */
  reenter(): Promise<Entry>;
  /** Whether this volunteer trains in `round`: it is a member after record round - 1, and the round is not decided yet. */
  isMember(round: number): boolean;
  /** Members of `round`, sorted: the same list at every replica. */
  membersOf(round: number): readonly PeerId[];
  publish(round: number, own: OwnContribution): Promise<void>;
  /** Resolves when this round's record and every body it names are here and checked. */
  agree(round: number): Promise<AgreedRound>;
  /** Tells the members the state after applying `round`; from then on this replica stands at `round`. */
  confirm(round: number, state: string): Promise<void>;
  /**
   * True while a joiner waits for a snapshot (onChange tells): call `offerSnapshot` after a confirm, or while waiting for a
   * record, since without members no round ends and nobody would be served.
   */
  readonly snapshotWanted: boolean;
  offerSnapshot(round: number, state: string, bytes: Bytes): void;
  /** False: leave the members but keep following (pause). True: ask to be a member again. */
  setMembership(wanted: boolean): void;
  view(): SwarmView;
  onChange(listener: () => void): void;
  onEvent(listener: (event: SwarmEvent) => void): void;
  /** Says goodbye and stops. */
  close(): void;
}
