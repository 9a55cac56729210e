import type { Bytes } from '../base/bytes.ts';
import type { Digest, PeerId, RunId } from '../base/ids.ts';
import type { Sighting } from './sightings.ts';

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
  /** Strangers may join: two thirds of the members make a quorum, not half. */
  readonly open: boolean;
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
  /** With a goodbye or without. */
  readonly leaves: readonly PeerId[];
  /** What the record says of an earlier one: who confirmed it, with which state, of how many. */
  readonly certificate:
    | {
        readonly round: number;
        readonly state: string;
        readonly voters: readonly PeerId[];
        readonly of: number;
      }
    | undefined;
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
  | {
      readonly kind: 'snapshot';
      readonly round: number;
      readonly record: Digest;
      readonly state: string;
      readonly bytes: Bytes;
    };

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
    | 'rolled-back'
    | 'epoch'
    | 'rejected'
    | 'snapshot'
    | 'info';
  readonly text: string;
}

/** One look at the swarm; a new object after every change. */
export interface SwarmView {
  readonly round: number;
  readonly members: readonly PeerId[];
  /** Members that are here and want to stay. Empty: the run stands still until someone joins or takes over. */
  readonly active: readonly PeerId[];
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
  readonly catchUp: SnapshotProgress | undefined;
  /** The newest final round, -1 before any. */
  readonly finalRound: number;
  /** How often the members went on without a vanished majority. */
  readonly epoch: number;
  /** The newest record that a peer has shown to hold: how far there is to go. */
  readonly newestSeen: number;
  /** Members signed another state after this round than ours: the replica has to be repaired before it counts again. */
  readonly differs: { readonly round: number; readonly state: string } | undefined;
  /** The newest records of our chain, oldest first. */
  readonly ledger: readonly LedgerEntryView[];
}

export interface SnapshotProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number | undefined;
  /** Peers that give pieces. */
  readonly sources: number;
}

export interface LedgerEntryView {
  readonly record: RoundRecord;
  /** Members after it. */
  readonly members: number;
  readonly standing: 'provisional' | 'certified' | 'final';
  /** Members whose confirms certify it, of how many; 0 of 0 until then. */
  readonly by: number;
  readonly of: number;
}

/**
 * What has finally become of an own contribution. Told exactly once for each that was signed, unless the chain was given up for
 * a snapshot before: then nobody here knows, and nothing may be given back.
 */
export interface Settlement {
  readonly round: number;
  readonly digest: Digest;
  /** False: its bytes will never be counted, and what they took from the momentum may be given back. */
  readonly counted: boolean;
}

/** A replica to go back to. */
export interface StoredState {
  readonly round: number;
  readonly state: string;
  readonly bytes: Bytes;
}

/** What the street needs of the network. All promises reject with StarlingError `swarm-closed` after `close`. */
export interface Swarm {
  readonly self: PeerId;
  /** Founder: waits for `minMembers`, signs record 0. Others: wait to be in it, or fetch a snapshot of a run under way. */
  enter(initialState: string): Promise<Entry>;
  /** Forgets the chain, or an entry whose snapshot did not match its digest, and fetches another. */
  reenter(): Promise<Entry>;
  /** Whether this volunteer trains in `round`: it is a member after record round - 1, and the round is not decided yet. */
  isMember(round: number): boolean;
  /** Members of `round`, sorted: the same list at every replica. */
  membersOf(round: number): readonly PeerId[];
  /** False: nothing was signed, because the round is decided, or this key signed a contribution to it before. */
  publish(round: number, own: OwnContribution): Promise<boolean>;
  /**
   * Resolves when this round's record and every body it names are here and checked; at once for a round that is kept.
   * Rejects with `swarm-branch` when the chain was cut back below what the replica has applied (call `stored` and `standAt`),
   * with `swarm-behind` when the chain cannot be followed any further (call `reenter`).
   */
  agree(round: number): Promise<AgreedRound>;
  /**
   * Tells the members the state after applying `record` of `round`; from then on this replica stands there. If the chain was cut
   * back meanwhile and `record` is no longer on it, `agree` says so next.
   */
  confirm(round: number, state: string, record: Digest): Promise<void>;
  /** The replica was put back, or repaired, to the state after `round` of our chain. Signs nothing. */
  standAt(round: number, state: string): void;
  /** Keeps a replica for latecomers, repair and going back. Call after rounds divisible by `checkpointEvery`, and at entry. */
  keep(stored: StoredState): Promise<void>;
  /** The newest kept replica of our chain, of round `atMost` or before. */
  stored(atMost?: number): StoredState | undefined;
  /** False: leave the members but keep following (pause). True: ask to be a member again. */
  setMembership(wanted: boolean): void;
  view(): SwarmView;
  onChange(listener: () => void): void;
  onEvent(listener: (event: SwarmEvent) => void): void;
  onSettled(listener: (settlement: Settlement) => void): void;
  /** How rounds go, as it happens. */
  onSighting(listener: (sighting: Sighting) => void): void;
  /** Says goodbye and stops. */
  close(): void;
}
