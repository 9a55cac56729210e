import type { PeerId } from '../base/ids.ts';
import { isTakeover, membersAfter, rankMembers, type ChainRecord } from './membership.ts';
import { roundsKept } from './ledger.ts';
import { limits } from './protocol.ts';
import { proposal } from './round-proposal.ts';
import { isDeserted, mayTakeOver, takeoverBegins, takeoverRanks } from './round-takeover.ts';
import {
  currentRound,
  deadlineOf,
  expectedLeader,
  isMember,
  leadersInTurn,
  shortName,
  turnBegins,
  type Candidate,
  type Draft,
  type RoundEffect,
} from './round-state.ts';

const trailLength = 1024;

/** Does all that follows from the facts in `draft`, and says when time alone will change that. */
export function settle(draft: Draft, nowMs: number, effects: RoundEffect[]): void {
  if (draft.mode === 'idle' || draft.mode === 'behind') return;
  do draft.desertedSinceMs = isDeserted(draft, nowMs) ? (draft.desertedSinceMs ?? nowMs) : undefined;
  while (acceptNext(draft, nowMs, effects));
  if (draft.mode === 'following') {
    if (yieldToOtherChain(draft, effects)) return;
    askMembership(draft, effects);
    sendHaves(draft, nowMs, effects);
  }
  const draftRecord = proposal(draft, nowMs);
  if (draftRecord !== undefined) {
    draft.proposedRound = draftRecord.round;
    effects.push({ kind: 'propose', draft: draftRecord });
  }
  if (draft.mode !== 'fetching') pull(draft, nowMs, effects);
  effects.push({ kind: 'wake', atMs: nextChange(draft, nowMs) });
}

/** Accepts the best candidate that is complete and in its turn. */
function acceptNext(draft: Draft, nowMs: number, effects: RoundEffect[]): boolean {
  const ready = [...draft.candidates.values()].filter((candidate) => {
    const { record, from } = candidate;
    const quotes = quotesOf(draft, record);
    if (quotes === 'wrong') {
      const candidates = new Map(draft.candidates);
      candidates.delete(record.digest);
      draft.candidates = candidates;
      effects.push({ kind: 'reject', from, reason: 'record-misquotes' });
    }
    return quotes === 'right' && (mayLead(draft, candidate, nowMs) || shownByAnother(draft, record));
  });
  // A member's record goes before any takeover.
  const order = [...draft.ranks, ...takeoverRanks(draft)];
  const rank = ({ leader }: ChainRecord): number =>
    order.includes(leader) ? order.indexOf(leader) : order.length;
  const best = ready.sort((a, b) => rank(a.record) - rank(b.record))[0];
  if (best === undefined) return false;
  accept(draft, best.record, nowMs, effects);
  return true;
}

function mayLead(draft: Draft, { record, shownBy }: Candidate, nowMs: number): boolean {
  if (record.round === 0) return true;
  if (isTakeover(draft.members, record)) return mayTakeOver(draft, record, shownBy, nowMs);
  return nowMs >= turnBegins(draft, record.leader, nowMs);
}

/** Another member stands on this record already: refusing it for its rank would part us from that member. */
const shownByAnother = (draft: Draft, record: ChainRecord): boolean =>
  isMember(draft, record.leader) &&
  draft.members.some(({ id }) => id !== record.leader && draft.votes.get(id)?.record === record.digest);

function quotesOf(draft: Draft, record: ChainRecord): 'right' | 'wrong' | 'incomplete' {
  let complete = true;
  for (const named of record.contributions) {
    const body = draft.pool.get(named.digest)?.counted;
    if (body === undefined) complete = false;
    else if (
      body.author !== named.author ||
      body.weight !== named.weight ||
      body.tokens !== named.tokens ||
      body.loss !== named.loss ||
      body.validationLoss !== named.validationLoss
    )
      return 'wrong';
  }
  return complete ? 'right' : 'incomplete';
}

function accept(draft: Draft, record: ChainRecord, nowMs: number, effects: RoundEffect[]): void {
  const { self } = draft.settings;
  tellOf(draft, record, nowMs, effects);
  const leaderIsLinked = record.leader === self || draft.links.get(record.leader)?.up === true;
  const members = membersAfter(draft.members, record);
  draft.mode = 'following';
  draft.head = { round: record.round, digest: record.digest, leader: record.leader, atMs: nowMs };
  draft.trail = new Map([...draft.trail, [record.round, record.digest] as const].slice(-trailLength));
  draft.members = members;
  draft.ranks = rankMembers(record.digest, record.round + 1, members);
  draft.everMembers = new Set(
    [...draft.everMembers, ...members.map(({ id }) => id)].slice(-4 * limits.members),
  );
  draft.pool = new Map();
  draft.byAuthor = new Map();
  draft.candidates = new Map();
  draft.havesSent = new Set();
  draft.pull = undefined;
  draft.desertedSinceMs = undefined;
  const ids = new Set(members.map(({ id }) => id));
  // Who goes on after a goodbye that no record took up is a member like any other.
  const trained = new Set(record.contributions.map(({ author }) => author));
  draft.leaves = new Set([...draft.leaves].filter((peer) => ids.has(peer) && !trained.has(peer)));
  draft.joins = new Map([...draft.joins].filter(([peer]) => !ids.has(peer)));
  const links = new Map(draft.links);
  for (const id of ids) {
    if (!links.has(id) && id !== self) {
      const link = { up: false, downSinceMs: nowMs, head: -1, oldest: 0 } as const;
      links.set(id, { ...link, publicKey: undefined, wantsMembership: false });
    }
  }
  draft.links = links;
  const sides = new Map(draft.sides);
  for (const [peer, vote] of draft.votes) {
    if (vote.round === record.round) sides.set(peer, vote.record === record.digest);
  }
  draft.sides = sides;
  // Before any record the replica stands at the state the run starts from, and record 0 changes nothing.
  if (record.round === 0) draft.applied = { round: 0, state: record.parentState };
  if (record.round === 0) draft.states = new Map([[0, record.parentState]]);
  effects.push({ kind: 'accepted', record, members });
  if (record.leader === self || !leaderIsLinked)
    effects.push({ kind: 'broadcast-record', round: record.round });
}

function tellOf(draft: Draft, record: ChainRecord, nowMs: number, effects: RoundEffect[]): void {
  const { self } = draft.settings;
  const name = (peer: PeerId): string => (peer === self ? 'This volunteer' : shortName(peer));
  for (const peer of record.joins)
    effects.push({ kind: 'tell', event: { kind: 'joined', text: `${name(peer)} joined.` } });
  for (const peer of record.leaves)
    effects.push({ kind: 'tell', event: { kind: 'left', text: `${name(peer)} left.` } });
  const first = leadersInTurn(draft, nowMs)[0];
  if (isTakeover(draft.members, record)) {
    const text = `Everyone who trained has gone: ${name(record.leader)} has taken over.`;
    effects.push({ kind: 'tell', event: { kind: 'leader', text } });
  } else if (record.round > 0 && draft.ranks[0] !== record.leader && first !== undefined) {
    const text = `Round ${record.round} was led by ${shortName(record.leader)}, as ${shortName(draft.ranks[0] ?? first)} was silent.`;
    effects.push({ kind: 'tell', event: { kind: 'leader', text } });
  }
  const expected = draft.applied;
  if (expected?.round === record.round - 1 && expected.state !== record.parentState) {
    const text = `The replica of ${shortName(record.leader)}, which led round ${record.round}, differs from ours.`;
    effects.push({ kind: 'tell', event: { kind: 'replicas-differ', text } });
  }
}

/**
 * Linked members on another chain: the largest side stays and the other takes a snapshot. Of equal sides the one that is
 * more than `roundsKept` rounds ahead stays, because the other cannot look back and only sees that it is behind; else the
 * one with the lowest id. The linear ledger has no finality, so this heals a fork but loses the other side's rounds.
 */
function yieldToOtherChain(draft: Draft, effects: RoundEffect[]): boolean {
  const { self } = draft.settings;
  const linked = [...draft.sides].filter(
    ([peer]) => draft.links.get(peer)?.up === true && draft.everMembers.has(peer),
  );
  const theirs = largestSide(
    draft,
    linked.flatMap(([peer, ours]) => (ours ? [] : [peer])),
  );
  const ours = [self, ...linked.flatMap(([peer, same]) => (same ? [peer] : []))].sort();
  const [theirFirst, ourFirst] = [theirs[0], ours[0]];
  if (theirFirst === undefined || ourFirst === undefined || theirs.length < ours.length) return false;
  if (theirs.length === ours.length) {
    const head = draft.head?.round ?? 0;
    const theirHead = Math.max(...theirs.map((peer) => draft.links.get(peer)?.head ?? -1));
    if (head > theirHead + roundsKept) return false;
    if (theirHead <= head + roundsKept && ourFirst < theirFirst) return false;
  }
  draft.mode = 'behind';
  effects.push({ kind: 'behind', why: 'fork', ask: theirs });
  return true;
}

/**
 * Those of `peers` that confirmed the same record, the most there are, sorted. Others may be on a third chain: counted
 * together they would make every one of three sides yield, and nobody would hold the model.
 */
function largestSide(draft: Draft, peers: readonly PeerId[]): readonly PeerId[] {
  const sides = new Map<string, PeerId[]>();
  for (const peer of [...peers].sort()) {
    const record = draft.votes.get(peer)?.record ?? peer;
    sides.set(record, [...(sides.get(record) ?? []), peer]);
  }
  return [...sides.values()].reduce((best, side) => (side.length > best.length ? side : best), []);
}

function askMembership(draft: Draft, effects: RoundEffect[]): void {
  const { head, applied } = draft;
  const { self } = draft.settings;
  if (head === undefined || applied?.round !== head.round) return;
  const member = draft.members.find(({ id }) => id === self);
  if (member !== undefined && !draft.wanted && !draft.leaves.has(self)) {
    draft.leaves = new Set(draft.leaves).add(self);
    effects.push({ kind: 'send-leave', round: member.joinedRound });
  }
  // Again every other round: the leader that heard it may have died with it.
  if (
    member === undefined &&
    draft.wanted &&
    (draft.joinSentRound === undefined || head.round >= draft.joinSentRound + 2)
  ) {
    draft.joinSentRound = head.round;
    effects.push({ kind: 'send-join', round: head.round });
  }
}

/** Tells whose record is awaited that we hold its own contribution, and those whose author it cannot ask. */
function sendHaves(draft: Draft, nowMs: number, effects: RoundEffect[]): void {
  const { self } = draft.settings;
  const leader = expectedLeader(draft, nowMs);
  if (leader === undefined || leader === self || !isMember(draft, self)) return;
  if (draft.links.get(leader)?.up !== true) return;
  for (const [digest, { counted }] of draft.pool) {
    const key = `${leader} ${digest}`;
    const authorIsThere = counted.author === self || draft.links.get(counted.author)?.up === true;
    if ((counted.author !== leader && authorIsThere) || draft.havesSent.has(key)) continue;
    draft.havesSent = new Set(draft.havesSent).add(key);
    effects.push({ kind: 'have', to: leader, round: currentRound(draft), digest });
  }
}

/** Asks for the next record where peers show that they have it, one after the other. */
function pull(draft: Draft, nowMs: number, effects: RoundEffect[]): void {
  const { pullDelayMs, pullRetryMs } = draft.settings;
  const round = currentRound(draft);
  const ahead = [...draft.links].filter(([, link]) => link.up && link.head >= round);
  if (ahead.length === 0) {
    draft.pull = undefined;
    return;
  }
  const sources = ahead.filter(([, link]) => link.oldest <= round).map(([peer]) => peer);
  const peers = ahead.map(([peer]) => peer);
  if (draft.mode === 'entering' && sources.length === 0) {
    draft.mode = 'fetching';
    draft.pull = undefined;
    effects.push({ kind: 'fetch-snapshot' });
    return;
  }
  if (sources.length === 0) {
    const companions = [...draft.sides].filter(([peer, ours]) => {
      const link = draft.links.get(peer);
      return ours && link?.up === true && link.head < round;
    });
    // A stranger's word that the run is elsewhere must not end a run: only who was a member counts, unless we are a
    // mere follower that has lost its members.
    const lost =
      !isMember(draft, draft.settings.self) &&
      !draft.members.some(({ id }) => draft.links.get(id)?.up === true);
    const ask = peers.filter((peer) => lost || draft.everMembers.has(peer));
    if (ask.length <= companions.length) return;
    draft.mode = 'behind';
    effects.push({ kind: 'behind', why: 'gap', ask });
    return;
  }
  const farAhead = draft.mode === 'entering' || ahead.some(([, link]) => link.head > round);
  const before =
    draft.pull?.round === round
      ? draft.pull
      : { round, sinceMs: nowMs, nextMs: nowMs + pullDelayMs, asked: 0 };
  const due = farAhead && before.asked === 0 ? before.sinceMs : before.nextMs;
  const to = sources[before.asked % sources.length];
  if (nowMs < due || to === undefined) {
    draft.pull = before;
    return;
  }
  draft.pull = { ...before, asked: before.asked + 1, nextMs: nowMs + pullRetryMs };
  effects.push({ kind: 'want-record', to, round });
}

/** The next time at which a turn or a takeover begins, a grace time ends, or a record is asked for. */
function nextChange(draft: Draft, nowMs: number): number | undefined {
  const { successionMs, graceMs, vanishedMs, self } = draft.settings;
  const times: number[] = [];
  if (draft.pull !== undefined) times.push(draft.pull.nextMs);
  if (draft.mode === 'following') {
    const deadline = deadlineOf(draft);
    const turns = leadersInTurn(draft, nowMs).length;
    for (let turn = 0; turn < turns; turn++) times.push(deadline + turn * successionMs);
    for (const { id } of draft.members) {
      const link = draft.links.get(id);
      const downSince = link?.downSinceMs ?? 0;
      if (id !== self && link?.up !== true) times.push(downSince + graceMs, downSince + vanishedMs);
    }
    const begins = takeoverBegins(draft, self);
    if (begins !== undefined) times.push(begins);
  }
  const coming = times.filter((time) => time > nowMs);
  return coming.length === 0 ? undefined : Math.min(...coming);
}
