import type { Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import type { ChainRecord, Member } from './membership.ts';
import type { CountedContribution, SwarmEvent } from './swarm-api.ts';

/** What does not change while a volunteer is in a run. Times in ms. */
export interface RoundSettings {
  readonly self: PeerId;
  readonly publicKey: Bytes;
  /** The run id: the parent of record 0. */
  readonly run: Digest;
  readonly founder: PeerId;
  /** False keeps the founder from signing record 0 again in a run that is known to have started. */
  readonly mayFound: boolean;
  readonly minMembers: number;
  readonly deadlineMs: number;
  /** How long each further rank waits after the deadline before it proposes. */
  readonly successionMs: number;
  /** How long a link must be down before its peer is not waited for. */
  readonly graceMs: number;
  /** How long its link must be down before a member that said nothing counts as gone for good, if all others have. */
  readonly vanishedMs: number;
  /** How long a record that others have may be on its way before it is asked for; and how often it is asked for. */
  readonly pullDelayMs: number;
  readonly pullRetryMs: number;
}

/** What is known of a peer's link. Members that were never connected have one too. */
export interface Link {
  readonly up: boolean;
  /** When it went down, or when we began to expect it. */
  readonly downSinceMs: number;
  /** The newest record this peer showed to hold, -1 for none. Its own word, so good only for asking it. */
  readonly head: number;
  /** The oldest round it can still serve, as far as it said; 0 until then. */
  readonly oldest: number;
  /** From its hello. */
  readonly publicKey: Bytes | undefined;
  readonly wantsMembership: boolean;
}

export interface Head {
  readonly round: number;
  readonly digest: Digest;
  /** Undefined when we entered here by a snapshot. */
  readonly leader: PeerId | undefined;
  readonly atMs: number;
}

/** A verified contribution to the round in progress, and who is known to hold it (its author and we do). */
export interface Pooled {
  readonly counted: CountedContribution;
  readonly holders: ReadonlySet<PeerId>;
}

/** A record that may become the next one. */
export interface Candidate {
  readonly record: ChainRecord;
  /** Who sent it first. */
  readonly from: PeerId;
  /** Everyone who sent it. */
  readonly shownBy: ReadonlySet<PeerId>;
}

export interface Vote {
  readonly round: number;
  readonly record: Digest;
  readonly state: string;
}

/**
 * All the round machine knows. Replaced, never changed in place. `pool`, `byAuthor`, `candidates` and `havesSent`
 * belong to the round in progress, head + 1, and are emptied with every record.
 */
export interface RoundState {
  readonly settings: RoundSettings;
  /** `idle` before enter(); `entering` takes record 0 or a snapshot; `fetching` a snapshot only. */
  readonly mode: 'idle' | 'entering' | 'fetching' | 'following' | 'behind';
  /** Digest of the replica before record 0; undefined before enter(). */
  readonly initialState: string | undefined;
  /** Whether this volunteer wants to be a member. */
  readonly wanted: boolean;
  readonly head: Head | undefined;
  /** Our records' digests by round, the last 1,024. */
  readonly trail: ReadonlyMap<number, Digest>;
  /** Members after `head`, and their leader ranks for the round in progress. */
  readonly members: readonly Member[];
  readonly ranks: readonly PeerId[];
  /** Who was a member within our memory: their word counts when two chains are compared. */
  readonly everMembers: ReadonlySet<PeerId>;
  /** Where the replica stands. */
  readonly applied: { readonly round: number; readonly state: string } | undefined;
  readonly links: ReadonlyMap<PeerId, Link>;
  readonly pool: ReadonlyMap<Digest, Pooled>;
  readonly byAuthor: ReadonlyMap<PeerId, Digest>;
  readonly candidates: ReadonlyMap<Digest, Candidate>;
  readonly havesSent: ReadonlySet<string>;
  /** Who asked to join or gave membership up, until a record says so. */
  readonly joins: ReadonlyMap<PeerId, Bytes>;
  readonly leaves: ReadonlySet<PeerId>;
  /** Our states after the last 16 records. */
  readonly states: ReadonlyMap<number, string>;
  /** The newest confirm of each peer. */
  readonly votes: ReadonlyMap<PeerId, Vote>;
  /** Whether a peer's chain was last seen to be ours (true) or another (false). */
  readonly sides: ReadonlyMap<PeerId, boolean>;
  /** Since when every member has gone, as we see it; counted anew when we reach the head, or want or no longer want to be one. */
  readonly desertedSinceMs: number | undefined;
  readonly proposedRound: number;
  readonly pull:
    | { readonly round: number; readonly sinceMs: number; readonly nextMs: number; readonly asked: number }
    | undefined;
  /** The head round at which our join was last sent. */
  readonly joinSentRound: number | undefined;
}

/** A state under construction: fields are replaced, what they hold is never changed. */
export type Draft = { -readonly [K in keyof RoundState]: RoundState[K] };

/** What happened. Whatever came from a peer is already decoded, and verified where it is signed. */
export type RoundEvent =
  | { readonly kind: 'time' }
  | { readonly kind: 'enter'; readonly initialState: string }
  | { readonly kind: 'reenter' }
  | { readonly kind: 'peer-up'; readonly peer: PeerId }
  | { readonly kind: 'peer-down'; readonly peer: PeerId }
  | {
      readonly kind: 'hello';
      readonly peer: PeerId;
      readonly publicKey: Bytes;
      readonly head: number;
      readonly oldest: number;
      readonly wantsMembership: boolean;
    }
  /** A peer showed that it holds record `head`. */
  | { readonly kind: 'claim'; readonly peer: PeerId; readonly head: number }
  | {
      readonly kind: 'contribution';
      readonly from: PeerId;
      readonly round: number;
      readonly counted: CountedContribution;
    }
  | { readonly kind: 'have'; readonly from: PeerId; readonly round: number; readonly digest: Digest }
  | { readonly kind: 'record'; readonly from: PeerId; readonly record: ChainRecord }
  | {
      readonly kind: 'confirm';
      readonly peer: PeerId;
      readonly round: number;
      readonly record: Digest;
      readonly state: string;
    }
  | { readonly kind: 'join'; readonly peer: PeerId; readonly publicKey: Bytes }
  | { readonly kind: 'leave'; readonly peer: PeerId; readonly round: number }
  | { readonly kind: 'applied'; readonly round: number; readonly state: string }
  | { readonly kind: 'membership'; readonly wanted: boolean }
  | {
      readonly kind: 'snapshot';
      readonly round: number;
      readonly record: Digest;
      readonly state: string;
      readonly members: readonly Member[];
    };

/** A record as its leader proposes it: to be encoded, signed and handed back as a `record` event from self. */
export type RecordDraft = Omit<ChainRecord, 'digest'>;

/** What is to be done. Effects are carried out in order. */
export type RoundEffect =
  | { readonly kind: 'propose'; readonly draft: RecordDraft }
  /** The chain grew by `record`, whose members `members` are. */
  | { readonly kind: 'accepted'; readonly record: ChainRecord; readonly members: readonly Member[] }
  /** Send our head record to everyone. */
  | { readonly kind: 'broadcast-record'; readonly round: number }
  | { readonly kind: 'have'; readonly to: PeerId; readonly round: number; readonly digest: Digest }
  | { readonly kind: 'want-record'; readonly to: PeerId; readonly round: number }
  | {
      readonly kind: 'want-bodies';
      readonly round: number;
      readonly digests: readonly Digest[];
      readonly from: PeerId;
    }
  | { readonly kind: 'fetch-snapshot' }
  | { readonly kind: 'send-join'; readonly round: number }
  /** `round`: of the record that made us a member. */
  | { readonly kind: 'send-leave'; readonly round: number }
  /** The chain cannot be followed any further: only a snapshot helps, and `ask` have one. */
  | { readonly kind: 'behind'; readonly why: 'gap' | 'fork'; readonly ask: readonly PeerId[] }
  | { readonly kind: 'reject'; readonly from: PeerId; readonly reason: string }
  | { readonly kind: 'tell'; readonly event: Omit<SwarmEvent, 'atMs'> }
  /** Call back with a `time` event then. Replaces the wake before; undefined: no need. */
  | { readonly kind: 'wake'; readonly atMs: number | undefined };

export function initialRoundState(settings: RoundSettings): RoundState {
  return {
    settings,
    mode: 'idle',
    initialState: undefined,
    wanted: true,
    head: undefined,
    trail: new Map(),
    members: [],
    ranks: [],
    everMembers: new Set(),
    applied: undefined,
    links: new Map(),
    pool: new Map(),
    byAuthor: new Map(),
    candidates: new Map(),
    havesSent: new Set(),
    joins: new Map(),
    leaves: new Set(),
    states: new Map(),
    votes: new Map(),
    sides: new Map(),
    desertedSinceMs: undefined,
    proposedRound: -1,
    pull: undefined,
    joinSentRound: undefined,
  };
}

/** The round in progress: the one after the head; 0 before any record. */
export const currentRound = (state: RoundState): number => (state.head?.round ?? -1) + 1;

export const isMember = (state: RoundState, peer: PeerId): boolean =>
  state.members.some((member) => member.id === peer);

/** When the round in progress passes its deadline. */
export const deadlineOf = (state: RoundState): number => (state.head?.atMs ?? 0) + state.settings.deadlineMs;

/** Not waited for: said goodbye, or the link has been down for the grace time. */
export function isGone(state: RoundState, peer: PeerId, nowMs: number): boolean {
  if (state.leaves.has(peer)) return true;
  if (peer === state.settings.self) return false;
  const link = state.links.get(peer);
  return link?.up !== true && nowMs - (link?.downSinceMs ?? 0) >= state.settings.graceMs;
}

/** Those who may lead the round in progress as we see it, best rank first: members that are not gone. */
export function leadersInTurn(state: RoundState, nowMs: number): readonly PeerId[] {
  const present = state.ranks.filter((peer) => !isGone(state, peer, nowMs));
  if (present.length > 0) return present;
  return isMember(state, state.settings.self) ? [state.settings.self] : [];
}

/** Whose record is awaited now: the first in turn, or after the deadline each next one for a succession time. */
export function expectedLeader(state: RoundState, nowMs: number): PeerId | undefined {
  const turn = leadersInTurn(state, nowMs);
  const late = Math.floor((nowMs - deadlineOf(state)) / state.settings.successionMs);
  return turn[Math.min(Math.max(0, late), turn.length - 1)];
}

/**
 * From when a record by `leader` may be proposed and accepted: at once from the first in turn, later from the next.
 * Having said goodbye we come last, since the others have stopped to wait for us. Their records we take by rank even so: who
 * leads and then says goodbye stands on what it led.
 */
export function turnBegins(state: RoundState, leader: PeerId, nowMs: number): number {
  const isLeaving = leader === state.settings.self && state.leaves.has(leader);
  const rank = isLeaving ? state.ranks.length : state.ranks.indexOf(leader);
  const before = state.ranks.slice(0, Math.max(0, rank)).filter((peer) => !isGone(state, peer, nowMs));
  return before.length === 0 ? 0 : deadlineOf(state) + before.length * state.settings.successionMs;
}

export const shortName = (peer: PeerId): string => peer.slice(0, 6);
