import type { Digest, PeerId } from '../base/ids.ts';
import { unreachable } from '../base/invariant.ts';
import { contextAfter, firstContext } from './chain-context.ts';
import { genesisProblem, recordProblem } from './ledger-rules.ts';
import { ancestryOf } from './ledger-walk.ts';
import { isTakeover, rankMembers, type ChainRecord } from './membership.ts';
import { contributionsOf, firstOf, oldestOpen, pooled, roundsOpen, standAt } from './round-facts.ts';
import { settle } from './round-settle.ts';
import {
  currentRound,
  headContext,
  isMember,
  shortName,
  unlinked,
  type Draft,
  type Link,
  type Node,
  type RoundEffect,
  type RoundEvent,
  type RoundState,
} from './round-state.ts';
import { takeBallot } from './round-vote.ts';

/**
 * One step of a volunteer's view of the run: design section 4 and docs/protocol.md. Pure: the same state, event and time
 * give the same result. The event is first taken as a fact; then everything that follows from the facts is done
 * (round-settle.ts), so the order in which facts arrive matters as little as possible.
 */
export function tick(
  state: RoundState,
  event: RoundEvent,
  nowMs: number,
): readonly [RoundState, readonly RoundEffect[]] {
  const draft: Draft = { ...state };
  const effects: RoundEffect[] = [];
  take(draft, event, nowMs, effects);
  settle(draft, nowMs, effects);
  if (draft.forked && !state.forked) effects.push({ kind: 'show-vote' });
  return [draft, effects];
}

const withEntry = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): Map<K, V> => new Map(map).set(key, value);
const withoutEntry = <K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> => {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
};

function updateLink(draft: Draft, peer: PeerId, nowMs: number, change: Partial<Link>): void {
  const link = draft.links.get(peer) ?? unlinked(nowMs);
  draft.links = withEntry(draft.links, peer, { ...link, ...change });
}

function take(draft: Draft, event: RoundEvent, nowMs: number, effects: RoundEffect[]): void {
  switch (event.kind) {
    case 'time':
      return;
    case 'enter':
      draft.mode = 'entering';
      draft.initialState = event.initialState;
      return;
    case 'reenter':
      forgetChain(draft);
      draft.mode = 'fetching';
      effects.push({ kind: 'fetch-snapshot' });
      return;
    case 'peer-up':
      updateLink(draft, event.peer, nowMs, { up: true, head: -1, oldest: 0, foreign: false });
      draft.joinSentRound = undefined;
      return;
    case 'peer-down':
      takePeerDown(draft, event.peer, nowMs, effects);
      return;
    case 'hello':
      takeHello(draft, event, nowMs, effects);
      return;
    case 'claim':
      claim(draft, event.peer, event.head, nowMs);
      return;
    case 'contribution':
      takeContribution(draft, event, nowMs, effects);
      return;
    case 'have':
      takeHave(draft, event, effects);
      return;
    case 'record':
      takeRecord(draft, event, nowMs, effects);
      return;
    case 'orphan':
      claim(draft, event.from, event.round, nowMs);
      // Its parent is asked for until the two chains meet; they cannot further back than we, or it, can look.
      if (event.round - 1 > oldestOpen(draft) && event.round > (draft.links.get(event.from)?.oldest ?? 0))
        effects.push({ kind: 'want-record', to: event.from, round: event.round - 1 });
      else updateLink(draft, event.from, nowMs, { foreign: true });
      return;
    case 'foreign':
      updateLink(draft, event.from, nowMs, { foreign: true });
      return;
    case 'named': {
      const node = draft.nodes.get(event.record);
      if (node?.named !== undefined || node === undefined) return;
      draft.nodes = withEntry(draft.nodes, event.record, { ...node, named: event.digests });
      const missing = event.digests.filter((digest) => pooled(draft, digest) === undefined);
      if (missing.length > 0)
        effects.push({ kind: 'want-bodies', round: node.context.round, digests: missing, from: node.from });
      return;
    }
    case 'confirm':
      takeConfirm(draft, event, nowMs, effects);
      return;
    case 'join':
      if (isMember(draft, event.peer) && !draft.leaves.has(event.peer)) return;
      draft.joins = withEntry(draft.joins, event.peer, event.publicKey);
      return;
    case 'leave':
      takeLeave(draft, event, effects);
      return;
    case 'applied':
      draft.applied = { round: event.round, state: event.state };
      draft.unchecked = false;
      if (draft.joinSentRound === event.round) draft.joinSentRound = undefined;
      draft.desertedSinceMs = undefined; // counted anew: while we lagged, another's takeover may have left
      draft.states = new Map([...withEntry(draft.states, event.round, event.state)].slice(-statesKept));
      if (draft.differs !== undefined && event.round >= draft.differs.round)
        draft.differs =
          draft.states.get(draft.differs.round) === draft.differs.state ? undefined : draft.differs;
      return;
    case 'misapplied':
      draft.applied = undefined;
      return;
    case 'published':
      draft.own = withEntry(draft.own, event.round, event.digest);
      return;
    case 'checkpoint':
      draft.snapshot = { round: event.round, record: event.record, root: event.root };
      return;
    case 'membership':
      draft.wanted = event.wanted;
      draft.desertedSinceMs = undefined; // counted anew, so that others hear our wish before we act on it
      draft.joinSentRound = undefined;
      return;
    case 'snapshot':
      takeSnapshot(draft, event, nowMs);
      return;
    default:
      unreachable(event);
  }
}

const statesKept = 64;
/** Records of one leader that may wait beside our chain. */
const mostOffChain = 32;

function forgetChain(draft: Draft): void {
  draft.head = undefined;
  draft.applied = undefined;
  draft.trail = new Map();
  draft.nodes = new Map();
  draft.forked = false;
  draft.finalRound = -1;
  draft.states = new Map();
  draft.members = [];
  draft.ranks = [];
  draft.pool = new Map();
  draft.past = new Map();
  draft.byAuthor = new Map();
  draft.ballots = new Map();
  draft.havesSent = new Set();
  draft.joins = new Map();
  draft.leaves = new Map();
  draft.stands = new Map();
  draft.votes = new Map();
  draft.differs = undefined;
  // What became of it on the chain that is given up is not known here any more.
  draft.own = new Map();
  draft.snapshot = undefined;
  draft.pull = undefined;
  draft.joinSentRound = undefined;
  draft.desertedSinceMs = undefined;
  draft.leaveSent = -1;
  draft.base = -1;
}

function takePeerDown(draft: Draft, peer: PeerId, nowMs: number, effects: RoundEffect[]): void {
  updateLink(draft, peer, nowMs, { up: false, downSinceMs: nowMs });
  draft.joins = withoutEntry(draft.joins, peer);
  if (!isMember(draft, peer)) {
    if (!draft.everMembers.has(peer)) {
      draft.links = withoutEntry(draft.links, peer);
      draft.votes = withoutEntry(draft.votes, peer);
      draft.stands = withoutEntry(draft.stands, peer);
    }
    return;
  }
  if (!draft.leaves.has(peer)) {
    effects.push({
      kind: 'tell',
      event: { kind: 'absent', text: `The connection to ${shortName(peer)} is gone.` },
    });
  }
  // It may have died while sending its record: whoever has the record hands it on.
  if (draft.head?.leader === peer) effects.push({ kind: 'broadcast-record', round: draft.head.round });
}

function claim(draft: Draft, peer: PeerId, head: number, nowMs: number): void {
  const link = draft.links.get(peer);
  if (link !== undefined && head > link.head) updateLink(draft, peer, nowMs, { head });
}

type EventOf<K extends RoundEvent['kind']> = Extract<RoundEvent, { kind: K }>;

function takeHello(
  draft: Draft,
  { peer, publicKey, stand, wantsMembership }: EventOf<'hello'>,
  nowMs: number,
  effects: RoundEffect[],
): void {
  const { head = -1, oldest = 0, epoch = 0, final = -1 } = stand ?? {};
  updateLink(draft, peer, nowMs, { publicKey, head, oldest, epoch, final, wantsMembership, foreign: false });
  if (stand === undefined) {
    // It gave up the chain it stood on.
    draft.stands = withoutEntry(draft.stands, peer);
    draft.votes = withoutEntry(draft.votes, peer);
    return;
  }
  // Its own newest word, even if that is an earlier round than before: it was on a chain that it gave up.
  draft.stands = withEntry(draft.stands, peer, { round: stand.head, record: stand.tip });
  if (draft.mode !== 'following' || draft.head === undefined || stand.head > draft.head.round) return;
  // Another chain in a round that we hold: it is looked at, so that the two can be weighed.
  const ours = draft.trail.get(stand.head);
  if (ours !== stand.tip && draft.nodes.get(stand.tip) === undefined && ours !== undefined)
    effects.push({ kind: 'want-record', to: peer, round: stand.head });
}

function takeContribution(
  draft: Draft,
  { from, round, counted }: EventOf<'contribution'>,
  nowMs: number,
  effects: RoundEffect[],
): void {
  const { self } = draft.settings;
  if (from !== self) claim(draft, from, round - 1, nowMs);
  if (!roundsOpen(draft, round)) return;
  const { author, digest } = counted;
  const known = pooled(draft, digest);
  const first = firstOf(draft, round, author);
  if (known === undefined && first !== undefined && !isNamed(draft, digest)) {
    // A second one is kept only for the record that may count it; anything more is an attempt to fill us up.
    effects.push({ kind: 'reject', from, reason: 'second-contribution' });
    if (contributionsOf(draft, round, author).length >= 2) return;
  }
  const holders = new Set(known?.holders).add(author).add(self).add(from);
  const entry = { round, counted, holders };
  if (round !== currentRound(draft)) {
    draft.past = withEntry(draft.past, digest, entry);
    return;
  }
  draft.pool = withEntry(draft.pool, digest, entry);
  if (first === undefined) draft.byAuthor = withEntry(draft.byAuthor, author, digest);
}

const isNamed = (draft: Draft, digest: Digest): boolean =>
  [...draft.nodes.values()].some(({ named }) => named?.includes(digest) === true);

function takeHave(draft: Draft, { from, round, digest }: EventOf<'have'>, effects: RoundEffect[]): void {
  if (round !== currentRound(draft)) return;
  if (!isMember(draft, from)) {
    effects.push({ kind: 'reject', from, reason: 'have-from-a-stranger' });
    return;
  }
  const known = draft.pool.get(digest);
  if (known === undefined || known.holders.has(from)) return;
  draft.pool = withEntry(draft.pool, digest, { ...known, holders: new Set(known.holders).add(from) });
}

function takeRecord(
  draft: Draft,
  { from, record }: EventOf<'record'>,
  nowMs: number,
  effects: RoundEffect[],
): void {
  const reject = (reason: string): void => {
    effects.push({ kind: 'reject', from, reason });
  };
  const { settings } = draft;
  const { self } = settings;
  if (from !== self) claim(draft, from, record.round, nowMs);
  if ((draft.stands.get(record.leader)?.round ?? -1) < record.round)
    standAt(draft, record.leader, { round: record.round, record: record.digest });
  // It was signed on the leader's own replica.
  const { round, parent: on, parentState: state } = record;
  if (round > 0 && (draft.votes.get(record.leader)?.round ?? -1) < round)
    draft.votes = withEntry(draft.votes, record.leader, { round: round - 1, record: on, state });
  const known = draft.nodes.get(record.digest);
  if (known !== undefined) {
    const shownBy = new Set(known.shownBy).add(from);
    draft.nodes = withEntry(draft.nodes, record.digest, { ...known, shownBy });
    return;
  }
  if (record.round === 0) {
    if (draft.head !== undefined || draft.mode !== 'entering') return;
    const problem = genesisProblem(settings, draft.initialState ?? '', record);
    if (problem === undefined) addNode(draft, record, firstContext(record), from, nowMs);
    else reject(problem);
    return;
  }
  const parent = draft.nodes.get(record.parent)?.context;
  if (parent === undefined || draft.head === undefined) return;
  if (parent.round < draft.base) {
    updateLink(draft, from, nowMs, { foreign: true }); // our replica cannot go back there
    return;
  }
  const ancestry = ancestryOf(draft, record.parent);
  const problem = recordProblem(settings, parent, ancestry, record);
  if (problem !== undefined) {
    reject(problem);
    return;
  }
  if (isTakeover(parent.members, record) && record.parent === draft.head.digest) {
    if (isMember(draft, self) && !draft.leaves.has(self)) {
      reject('record-takes-over'); // we are here
      return;
    }
  }
  const siblings = [...draft.nodes.values()].filter(({ context }) => context.parent === record.parent);
  if (siblings.some((one) => one.record?.leader === record.leader)) reject('two-records');
  // Both are kept, because others may stand on either; a third tells nothing new. Anyone can sign a takeover.
  const alike = siblings.filter(
    (one) =>
      one.record?.leader === record.leader || (isTakeover(parent.members, record) && one.from === from),
  );
  if (alike.length >= 2) return;
  const offChain = [...draft.nodes].filter(
    ([digest, one]) => one.record?.leader === record.leader && draft.trail.get(one.context.round) !== digest,
  );
  if (offChain.length >= mostOffChain) {
    reject('record-too-many');
    return;
  }
  const certified = record.certificate && ancestry.contextAt(record.certificate.round);
  addNode(draft, record, contextAfter(parent, record, certified, settings.open), from, nowMs);
}

function addNode(
  draft: Draft,
  record: ChainRecord,
  context: Node['context'],
  from: PeerId,
  nowMs: number,
): void {
  draft.nodes = withEntry(draft.nodes, record.digest, {
    ...{ context, record, from, shownBy: new Set([from]), sinceMs: nowMs },
    named: record.authors.length === 0 ? [] : undefined,
    ...{ tried: '', askNamedMs: nowMs + draft.settings.pullDelayMs, namedAsked: 0 },
  });
  if (draft.head !== undefined && record.parent !== draft.head.digest) draft.forked = true;
}

function takeConfirm(
  draft: Draft,
  { kind: _, peer, ...given }: EventOf<'confirm'>,
  nowMs: number,
  effects: RoundEffect[],
): void {
  const { round, record, state } = given;
  claim(draft, peer, round, nowMs);
  standAt(draft, peer, given);
  if (round >= (draft.votes.get(peer)?.round ?? -1))
    draft.votes = withEntry(draft.votes, peer, { round, record, state });
  takeBallot(draft, peer, given);
  // It stands on a record of a round that is decided here, and that we have never seen.
  if (draft.head !== undefined && round <= draft.head.round && round > (headContext(draft)?.final ?? -1)) {
    if (!draft.nodes.has(record) && draft.links.get(peer)?.up === true)
      effects.push({ kind: 'want-record', to: peer, round });
  }
}

function takeLeave(draft: Draft, { goodbye }: EventOf<'leave'>, effects: RoundEffect[]): void {
  const { author, joined } = goodbye;
  const member = draft.members.find(({ id }) => id === author);
  if (member === undefined) return;
  if (member.joinedRound !== joined) {
    effects.push({ kind: 'reject', from: author, reason: 'leave-stale' });
    return;
  }
  draft.leaves = withEntry(draft.leaves, author, goodbye);
  draft.joins = withoutEntry(draft.joins, author);
}

function takeSnapshot(draft: Draft, { contexts, state }: EventOf<'snapshot'>, nowMs: number): void {
  const last = contexts.at(-1);
  if (last === undefined) return;
  const { stands } = draft;
  forgetChain(draft);
  draft.stands = stands;
  draft.finalRound = last.final;
  draft.links = new Map([...draft.links].map(([peer, link]) => [peer, { ...link, foreign: false }]));
  draft.mode = 'following';
  draft.head = { round: last.round, digest: last.record, leader: undefined, atMs: nowMs };
  draft.trail = new Map(contexts.map(({ round, record }) => [round, record]));
  draft.nodes = new Map(
    contexts.map((context) => [
      context.record,
      {
        ...{ context, record: undefined, from: draft.settings.self, shownBy: new Set<PeerId>() },
        ...{ sinceMs: nowMs, named: [], tried: '', askNamedMs: nowMs, namedAsked: 0 },
      },
    ]),
  );
  draft.members = last.members;
  draft.ranks = rankMembers(last.record, last.round + 1, last.members);
  draft.everMembers = new Set(contexts.flatMap(({ members }) => members.map(({ id }) => id)));
  draft.applied = { round: last.round, state };
  draft.unchecked = true;
  draft.base = last.round;
  // Asked for when the volunteer has checked the snapshot, and confirms it.
  draft.joinSentRound = last.round;
  draft.states = new Map([[last.round, state]]);
  for (const { id } of last.members) if (!draft.links.has(id)) updateLink(draft, id, nowMs, {});
}
