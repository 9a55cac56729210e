import type { PeerId } from '../base/ids.ts';
import { unreachable } from '../base/invariant.ts';
import { genesisProblem, isTakeover, rankMembers, recordProblem } from './membership.ts';
import { settle } from './round-settle.ts';
import {
  currentRound,
  isMember,
  shortName,
  type Draft,
  type Link,
  type RoundEffect,
  type RoundEvent,
  type RoundState,
} from './round-state.ts';

/**
 * One step of a volunteer's view of the run: design section 4, with the linear ledger of ADR 0004. Pure: the same state,
 * event and time give the same result. The event is first taken as a fact; then everything that follows from the
 * facts is done (round-settle.ts), so the order in which facts arrive matters as little as possible.
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
  return [draft, effects];
}

const withEntry = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): Map<K, V> => new Map(map).set(key, value);
const withoutEntry = <K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> => {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
};

const unlinked = (nowMs: number): Link => ({
  up: false,
  downSinceMs: nowMs,
  head: -1,
  oldest: 0,
  publicKey: undefined,
  wantsMembership: false,
});

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
      updateLink(draft, event.peer, nowMs, { up: true, head: -1, oldest: 0 });
      draft.joinSentRound = undefined;
      return;
    case 'peer-down':
      takePeerDown(draft, event.peer, nowMs, effects);
      return;
    case 'hello': {
      const { peer, publicKey, head, oldest, wantsMembership } = event;
      updateLink(draft, peer, nowMs, { publicKey, head, oldest, wantsMembership });
      if (head < (draft.votes.get(peer)?.round ?? -1)) {
        // It gave up the chain it confirmed.
        draft.votes = withoutEntry(draft.votes, peer);
        draft.sides = withoutEntry(draft.sides, peer);
      }
      return;
    }
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
    case 'confirm':
      takeConfirm(draft, event, nowMs);
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
      draft.desertedSinceMs = undefined; // counted anew: while we lagged, another's takeover may have left
      draft.states = new Map([...withEntry(draft.states, event.round, event.state)].slice(-16));
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

function forgetChain(draft: Draft): void {
  draft.head = undefined;
  draft.applied = undefined;
  draft.trail = new Map();
  draft.states = new Map();
  draft.members = [];
  draft.ranks = [];
  draft.pool = new Map();
  draft.byAuthor = new Map();
  draft.candidates = new Map();
  draft.havesSent = new Set();
  draft.joins = new Map();
  draft.leaves = new Set();
  draft.sides = new Map();
  draft.pull = undefined;
  draft.joinSentRound = undefined;
  draft.desertedSinceMs = undefined;
  draft.proposedRound = -1;
}

function takePeerDown(draft: Draft, peer: PeerId, nowMs: number, effects: RoundEffect[]): void {
  updateLink(draft, peer, nowMs, { up: false, downSinceMs: nowMs });
  draft.joins = withoutEntry(draft.joins, peer);
  if (!isMember(draft, peer)) {
    if (!draft.everMembers.has(peer)) {
      draft.links = withoutEntry(draft.links, peer);
      draft.votes = withoutEntry(draft.votes, peer);
      draft.sides = withoutEntry(draft.sides, peer);
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

function takeContribution(
  draft: Draft,
  { from, round, counted }: EventOf<'contribution'>,
  nowMs: number,
  effects: RoundEffect[],
): void {
  const { self } = draft.settings;
  if (from !== self) claim(draft, from, round - 1, nowMs);
  if (round !== currentRound(draft)) return;
  const { author, digest } = counted;
  if (!isMember(draft, author)) {
    effects.push({ kind: 'reject', from, reason: 'contribution-by-a-stranger' });
    return;
  }
  const known = draft.pool.get(digest);
  const first = draft.byAuthor.get(author);
  if (known === undefined && first !== undefined) {
    const named = [...draft.candidates.values()].some(({ record }) =>
      record.contributions.some((one) => one.digest === digest),
    );
    if (!named) {
      effects.push({ kind: 'reject', from, reason: 'second-contribution' });
      return;
    }
  }
  const holders = new Set(known?.holders).add(author).add(self).add(from);
  draft.pool = withEntry(draft.pool, digest, { counted, holders });
  if (first === undefined) draft.byAuthor = withEntry(draft.byAuthor, author, digest);
}

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
  const { settings, head } = draft;
  if (from !== settings.self) claim(draft, from, record.round, nowMs);
  if (head === undefined) {
    if (draft.mode !== 'entering' || record.round !== 0) return;
    const problem = genesisProblem(settings.run, settings.founder, draft.initialState ?? '', record);
    if (problem !== undefined) {
      reject(problem);
      return;
    }
  } else {
    const ours = draft.trail.get(record.round);
    if (ours !== undefined && ours !== record.digest) reject('record-conflicts');
    if (record.round <= head.round) return;
    const problem = recordProblem(head, draft.members, record);
    if (problem !== undefined) {
      if (problem === 'record-other-parent') takeOtherSide(draft, record.leader);
      reject(problem);
      return;
    }
  }
  const { self } = settings;
  const takesOver = isTakeover(draft.members, record);
  if (takesOver && isMember(draft, self) && !draft.leaves.has(self)) {
    // We are here. Whoever holds this record is on another chain, and is not waited for.
    takeOtherSide(draft, record.leader);
    takeOtherSide(draft, from);
    reject('record-takes-over');
    return;
  }
  const known = draft.candidates.get(record.digest);
  if (known !== undefined) {
    const shownBy = new Set(known.shownBy).add(from);
    draft.candidates = withEntry(draft.candidates, record.digest, { ...known, shownBy });
    return;
  }
  // Anyone can sign a takeover, so each peer may bring one.
  const isSecond = [...draft.candidates.values()].some(
    (one) =>
      one.record.leader === record.leader ||
      (takesOver && from === one.from && isTakeover(draft.members, one.record)),
  );
  if (isSecond) {
    reject('two-records');
    return;
  }
  draft.candidates = withEntry(draft.candidates, record.digest, { record, from, shownBy: new Set([from]) });
  const missing = record.contributions
    .map(({ digest }) => digest)
    .filter((digest) => !draft.pool.has(digest));
  if (missing.length > 0) effects.push({ kind: 'want-bodies', round: record.round, digests: missing, from });
}

/** `peer` was seen to be on another chain. Only who is linked or was a member is remembered: anyone can sign a record. */
function takeOtherSide(draft: Draft, peer: PeerId): void {
  if (draft.links.has(peer) || draft.everMembers.has(peer)) draft.sides = withEntry(draft.sides, peer, false);
}

function takeConfirm(draft: Draft, event: EventOf<'confirm'>, nowMs: number): void {
  const { peer, round, record, state } = event;
  claim(draft, peer, round, nowMs);
  const newest = draft.votes.get(peer);
  if (newest !== undefined && newest.round > round) return;
  draft.votes = withEntry(draft.votes, peer, { round, record, state });
  const ours = draft.trail.get(round);
  if (ours !== undefined) draft.sides = withEntry(draft.sides, peer, ours === record);
}

function takeLeave(draft: Draft, { peer, round }: EventOf<'leave'>, effects: RoundEffect[]): void {
  const member = draft.members.find(({ id }) => id === peer);
  if (member === undefined) return;
  if (member.joinedRound !== round) {
    effects.push({ kind: 'reject', from: peer, reason: 'leave-stale' });
    return;
  }
  draft.leaves = new Set(draft.leaves).add(peer);
  draft.joins = withoutEntry(draft.joins, peer);
}

function takeSnapshot(draft: Draft, event: EventOf<'snapshot'>, nowMs: number): void {
  const { round, record, state, members } = event;
  forgetChain(draft);
  draft.mode = 'following';
  draft.head = { round, digest: record, leader: undefined, atMs: nowMs };
  draft.trail = new Map([[round, record]]);
  draft.members = members;
  draft.ranks = rankMembers(record, round + 1, members);
  draft.everMembers = new Set(members.map(({ id }) => id));
  draft.applied = { round, state };
  draft.states = new Map([[round, state]]);
  draft.sides = new Map(
    [...draft.votes].flatMap(([peer, vote]) =>
      vote.round === round ? [[peer, vote.record === record]] : [],
    ),
  );
  for (const { id } of members) if (!draft.links.has(id)) updateLink(draft, id, nowMs, {});
}
