import type { Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import type { ChainContext } from './chain-context.ts';
import type { ChainRules } from './ledger-rules.ts';
import type { ChainRecord, Member } from './membership.ts';
import type { Goodbye, SnapshotName, Stand } from './protocol.ts';
import type { CountedContribution, SwarmEvent } from './swarm-api.ts';

/** What does not change while a volunteer is in a run. Times in ms. */
export interface RoundSettings extends ChainRules {
  readonly self: PeerId;
  readonly publicKey: Bytes;
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
  /** As it said when it last introduced itself. */
  readonly epoch: number;
  readonly final: number;
  /** Its chain was seen to contradict our final one. */
  readonly foreign: boolean;
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

/** A verified contribution to a round that is not final, and who is known to hold it (its author and we do). */
export interface Pooled {
  readonly round: number;
  readonly counted: CountedContribution;
  readonly holders: ReadonlySet<PeerId>;
}

/** A valid record that is not final, or the context of one that came with a snapshot. */
export interface Node {
  readonly context: ChainContext;
  readonly record: ChainRecord | undefined;
  /** Who sent it first. */
  readonly from: PeerId;
  /** Everyone who sent it. */
  readonly shownBy: ReadonlySet<PeerId>;
  readonly sinceMs: number;
  /** The contributions it counts, in its order; undefined until they are known to hash to its root. */
  readonly named: readonly Digest[] | undefined;
  /** The digests last tried against the root, joined. */
  readonly tried: string;
  readonly askNamedMs: number;
  readonly namedAsked: number;
}

export interface Vote {
  readonly round: number;
  readonly record: Digest;
  readonly state: string;
  readonly clean: boolean;
  readonly signature: Bytes;
}

/** The newest record a peer was seen to stand on. */
export type Standpoint = Pick<Vote, 'round' | 'record'>;

/**
 * All the round machine knows. Replaced, never changed in place. The records since the final one form a tree (`nodes`), of
 * which one path is our chain.
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
  /** Our chain's digests by round, the last 1,024. */
  readonly trail: ReadonlyMap<number, Digest>;
  readonly nodes: ReadonlyMap<Digest, Node>;
  /** Whether `nodes` holds any record off our chain. */
  readonly forked: boolean;
  /** The newest final round of our chain, -1 before record 0. */
  readonly finalRound: number;
  /** Members after `head`, and their leader ranks for the round in progress. */
  readonly members: readonly Member[];
  readonly ranks: readonly PeerId[];
  /** Who was a member within our memory: their word counts when two chains are compared. */
  readonly everMembers: ReadonlySet<PeerId>;
  /** Where the replica stands; undefined while it has to be put back to an earlier record of our chain. */
  readonly applied: { readonly round: number; readonly state: string } | undefined;
  /** `applied` is what a snapshot said it is; the volunteer has not looked yet. Nothing is signed on it. */
  readonly unchecked: boolean;
  readonly links: ReadonlyMap<PeerId, Link>;
  /** Contributions to the round in progress. */
  readonly pool: ReadonlyMap<Digest, Pooled>;
  /** To earlier rounds that are not final: another chain may count them. */
  readonly past: ReadonlyMap<Digest, Pooled>;
  /** Each author's first contribution to the round in progress. */
  readonly byAuthor: ReadonlyMap<PeerId, Digest>;
  readonly havesSent: ReadonlySet<string>;
  /** Who asked to join or gave membership up, until a record says so. */
  readonly joins: ReadonlyMap<PeerId, Bytes>;
  readonly leaves: ReadonlyMap<PeerId, Goodbye>;
  /** Our states after the last 64 records. */
  readonly states: ReadonlyMap<number, string>;
  /** Confirms that may yet make a certificate: by record, then by peer. */
  readonly ballots: ReadonlyMap<Digest, ReadonlyMap<PeerId, Vote>>;
  /** The newest record each peer was seen on, by its confirm, its own record or its hello. */
  readonly stands: ReadonlyMap<PeerId, Standpoint>;
  /** What each peer last said its replica is, by confirm or in a certificate. */
  readonly votes: ReadonlyMap<PeerId, Standpoint & { readonly state: string }>;
  /** Our last confirms, oldest first: what makes a later one clean. */
  readonly voted: readonly (Standpoint & { readonly clean: boolean })[];
  /** The newest round we confirmed of which we no longer know the record. */
  readonly votesForgotten: number;
  /** No confirm is given at or below this round. */
  readonly votedRound: number;
  /** No confirm is given to a record whose chain certifies nothing as new as this round. */
  readonly lock: number;
  /** A certificate says that the members' state after a round is not ours. */
  readonly differs: { readonly round: number; readonly state: string } | undefined;
  /** Our contributions whose fate is not final, by round. */
  readonly own: ReadonlyMap<number, Digest>;
  /** A snapshot that our replica can give, to be named by a record we lead. */
  readonly snapshot: (SnapshotName & { readonly record: Digest }) | undefined;
  /** Since when every member has gone, as we see it; counted anew when we reach the head, or want or no longer want to be one. */
  readonly desertedSinceMs: number | undefined;
  readonly proposedRound: number;
  readonly pull:
    | { readonly round: number; readonly sinceMs: number; readonly nextMs: number; readonly asked: number }
    | undefined;
  /** The head round at which our join was last sent. */
  readonly joinSentRound: number | undefined;
  /**
   * Memberships of ours that began in this round or before are given up, for good: by a goodbye, which takes our confirms out of
   * old electorates, or by a restart, before which a goodbye may have been sent. No confirm and no contribution under them.
   */
  readonly givenUp: number;
  /** The membership for which our goodbye was sent last, by the round it began in. */
  readonly leaveSent: number;
  /** Where the snapshot stood that we began from, -1 for none: our chain cannot be cut back further. */
  readonly base: number;
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
      readonly stand: Stand | undefined;
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
  /** Resolved against its parent, its signatures verified. */
  | { readonly kind: 'record'; readonly from: PeerId; readonly record: ChainRecord }
  /** A record whose parent we do not hold. */
  | { readonly kind: 'orphan'; readonly from: PeerId; readonly round: number; readonly parent: Digest }
  /** A record of a final round that is not ours. */
  | { readonly kind: 'foreign'; readonly from: PeerId }
  /** These digests hash to the root in the record. */
  | { readonly kind: 'named'; readonly record: Digest; readonly digests: readonly Digest[] }
  | ({ readonly kind: 'confirm'; readonly peer: PeerId } & Vote)
  | { readonly kind: 'join'; readonly peer: PeerId; readonly publicKey: Bytes }
  | { readonly kind: 'leave'; readonly goodbye: Goodbye }
  /** The replica stands after `round`. */
  | { readonly kind: 'applied'; readonly round: number; readonly state: string }
  /** The replica applied a record that is no longer on our chain. */
  | { readonly kind: 'misapplied' }
  /** Our contribution to `round` was sent. */
  | { readonly kind: 'published'; readonly round: number; readonly digest: Digest }
  | { readonly kind: 'checkpoint'; readonly round: number; readonly record: Digest; readonly root: Digest }
  | { readonly kind: 'membership'; readonly wanted: boolean }
  | {
      readonly kind: 'snapshot';
      /** Of the chain up to the snapshot, oldest first. */
      readonly contexts: readonly ChainContext[];
      readonly state: string;
    };

/** A record as its leader proposes it: to be encoded, signed and handed back as a `record` event from self. */
export interface RecordDraft extends Omit<ChainRecord, 'digest' | 'bodies'> {
  readonly members: readonly Member[];
  /** Of the record that the certificate certifies. */
  readonly certifiedContext: ChainContext | undefined;
  readonly named: readonly Digest[];
}

/** What is to be done. Effects are carried out in order. */
export type RoundEffect =
  | { readonly kind: 'propose'; readonly draft: RecordDraft }
  /** The chain grew by `record`, which counts `named`. */
  | {
      readonly kind: 'accepted';
      readonly record: ChainRecord;
      readonly context: ChainContext;
      readonly named: readonly Digest[];
    }
  /** The chain was cut back to `round`; other records follow. */
  | { readonly kind: 'rolled-back'; readonly round: number }
  /** Everything up to `round` is final. */
  | { readonly kind: 'final'; readonly round: number }
  /** What has finally become of our contribution to `round`. */
  | { readonly kind: 'settled'; readonly round: number; readonly digest: Digest; readonly counted: boolean }
  /** Do these hash to the record's root? */
  | {
      readonly kind: 'resolve';
      readonly record: Digest;
      readonly bodies: Digest;
      readonly digests: readonly Digest[];
    }
  | { readonly kind: 'want-named'; readonly to: PeerId; readonly round: number; readonly record: Digest }
  /** Sign this confirm, send it to `to`, hand it back as a `confirm` event from self. */
  | ({ readonly kind: 'vote'; readonly to: readonly PeerId[] } & Omit<Vote, 'signature'>)
  /** Send our newest confirm to everyone: two chains are in sight. */
  | { readonly kind: 'show-vote' }
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
  | { readonly kind: 'send-leave' }
  /** The chain cannot be followed any further: only a snapshot helps, and `ask` have one. */
  | { readonly kind: 'behind'; readonly why: 'gap' | 'fork'; readonly ask: readonly PeerId[] }
  | { readonly kind: 'reject'; readonly from: PeerId; readonly reason: string }
  | { readonly kind: 'tell'; readonly event: Omit<SwarmEvent, 'atMs'> }
  /** Call back with a `time` event then. Replaces the wake before; undefined: no need. */
  | { readonly kind: 'wake'; readonly atMs: number | undefined };

/** What was signed before, in an earlier life of this volunteer: -1 for nothing. */
export interface SignedBefore {
  readonly confirm: number;
  readonly record: number;
  /** The newest round certified on a chain that was confirmed. */
  readonly lock: number;
}

export function initialRoundState(settings: RoundSettings, signed: SignedBefore): RoundState {
  return {
    settings,
    mode: 'idle',
    initialState: undefined,
    wanted: true,
    head: undefined,
    trail: new Map(),
    nodes: new Map(),
    forked: false,
    finalRound: -1,
    members: [],
    ranks: [],
    everMembers: new Set(),
    applied: undefined,
    unchecked: false,
    links: new Map(),
    pool: new Map(),
    past: new Map(),
    byAuthor: new Map(),
    havesSent: new Set(),
    joins: new Map(),
    leaves: new Map(),
    states: new Map(),
    ballots: new Map(),
    stands: new Map(),
    votes: new Map(),
    voted: [],
    votesForgotten: signed.confirm,
    votedRound: signed.confirm,
    lock: signed.lock,
    differs: undefined,
    own: new Map(),
    snapshot: undefined,
    desertedSinceMs: undefined,
    proposedRound: signed.record,
    pull: undefined,
    joinSentRound: undefined,
    givenUp: signed.confirm,
    leaveSent: -1,
    base: -1,
  };
}

export const headContext = (state: RoundState): ChainContext | undefined =>
  state.head === undefined ? undefined : state.nodes.get(state.head.digest)?.context;

/** The round in progress: the one after the head; 0 before any record. */
export const currentRound = (state: RoundState): number => (state.head?.round ?? -1) + 1;

export const isMember = (state: RoundState, peer: PeerId): boolean =>
  state.members.some((member) => member.id === peer);

/** We are a member still, but by a membership that we have given up. */
export function hasGivenUp({ members, settings, givenUp }: RoundState): boolean {
  const own = members.find(({ id }) => id === settings.self);
  return own !== undefined && own.joinedRound <= givenUp;
}

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

/** A peer we have no link with. */
export const unlinked = (nowMs: number): Link => ({
  up: false,
  downSinceMs: nowMs,
  head: -1,
  oldest: 0,
  epoch: 0,
  final: -1,
  foreign: false,
  publicKey: undefined,
  wantsMembership: false,
});

export const shortName = (peer: PeerId): string => peer.slice(0, 6);
