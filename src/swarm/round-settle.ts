import type { Digest, PeerId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { bestTip, forkBegins, onOurChain } from './ledger-tree.ts';
import { nodeAt } from './ledger-walk.ts';
import { isTakeover, leavesOf, rankMembers, type ChainRecord } from './membership.ts';
import { limits } from './protocol.ts';
import { firstOf, oldestOpen, repool } from './round-facts.ts';
import { proposal } from './round-proposal.ts';
import { settleFinal } from './round-final.ts';
import { isDeserted, takeoverBegins } from './round-takeover.ts';
import {
  currentRound,
  deadlineOf,
  expectedLeader,
  hasGivenUp,
  isMember,
  leadersInTurn,
  shortName,
  unlinked,
  type Draft,
  type Node,
  type RoundEffect,
} from './round-state.ts';
import { vote } from './round-vote.ts';
import { yieldToAnotherChain } from './round-yield.ts';

const trailLength = 1024;
/** Where we stand weighs in the choice of a tip; two tips that point at each other must not be followed for ever. */
const mostMoves = 4;

/** Does all that follows from the facts in `draft`, and says when time alone will change that. */
export function settle(draft: Draft, nowMs: number, effects: RoundEffect[]): void {
  if (draft.mode === 'idle' || draft.mode === 'behind') return;
  resolveNamed(draft, nowMs, effects);
  for (let moves = 0; moves < mostMoves; moves++) {
    draft.desertedSinceMs = isDeserted(draft, nowMs) ? (draft.desertedSinceMs ?? nowMs) : undefined;
    if (!moveHead(draft, nowMs, effects)) break;
  }
  if (draft.mode === 'following') {
    if (yieldToAnotherChain(draft, effects)) return;
    vote(draft, effects);
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

/** Finds out which contributions each record counts: by what we hold, or by asking. */
function resolveNamed(draft: Draft, nowMs: number, effects: RoundEffect[]): void {
  for (const node of draft.nodes.values()) {
    const { record, named } = node;
    if (record?.bodies === undefined || named !== undefined) continue;
    const digests = record.authors.flatMap((author) => firstOf(draft, record.round, author) ?? []);
    const tried = digests.join();
    if (digests.length === record.authors.length && tried !== node.tried) {
      draft.nodes = new Map(draft.nodes).set(record.digest, { ...node, tried });
      effects.push({ kind: 'resolve', record: record.digest, bodies: record.bodies, digests });
    } else if (nowMs >= node.askNamedMs) {
      const holders = [...draft.links].flatMap(([peer, { up, head }]) =>
        up && head >= record.round ? [peer] : [],
      );
      const to = holders[node.namedAsked % Math.max(1, holders.length)];
      const askNamedMs = nowMs + draft.settings.pullRetryMs;
      draft.nodes = new Map(draft.nodes).set(record.digest, {
        ...node,
        askNamedMs,
        namedAsked: node.namedAsked + 1,
      });
      if (to !== undefined)
        effects.push({ kind: 'want-named', to, round: record.round, record: record.digest });
    }
  }
}

/**
 * Goes to the best tip; false if we stand there. All the way before the next look: what may be stood on depends on where we
 * stand, and a choice taken back halfway would be taken again for ever.
 */
function moveHead(draft: Draft, nowMs: number, effects: RoundEffect[]): boolean {
  const { head } = draft;
  if (head === undefined) {
    const first = [...draft.nodes.values()].find(({ context }) => context.round === 0);
    if (first === undefined) return false;
    accept(draft, first, nowMs, effects);
    return true;
  }
  const tip = bestTip(draft, nowMs);
  if (tip === undefined || tip === head.digest) return false;
  if (nodeAt(draft, tip, head.round)?.context.record !== head.digest) rollBack(draft, tip, nowMs, effects);
  while (draft.head?.digest !== tip) {
    const next = nodeAt(draft, tip, currentRound(draft));
    invariant(next !== undefined && next.context.parent === draft.head?.digest, 'the tip is above our head');
    accept(draft, next, nowMs, effects);
  }
  return true;
}

/** Cuts our chain back to where it parts from the one that ends in `tip`. */
function rollBack(draft: Draft, tip: Digest, nowMs: number, effects: RoundEffect[]): void {
  const { head } = draft;
  invariant(head !== undefined, 'there is a chain to cut back');
  let round = head.round;
  let node = nodeAt(draft, tip, round);
  while (node === undefined || draft.trail.get(round) !== node.context.record) {
    round--;
    node = nodeAt(draft, tip, round);
    invariant(round >= 0, 'branches of the tree share its root');
  }
  const { context, record } = node;
  draft.trail = new Map([...draft.trail].filter(([one]) => one <= round));
  draft.states = new Map([...draft.states].filter(([one]) => one <= round));
  if (draft.differs !== undefined && draft.differs.round > round) draft.differs = undefined;
  draft.head = { round, digest: context.record, leader: record?.leader, atMs: nowMs };
  draft.members = context.members;
  draft.ranks = rankMembers(context.record, round + 1, context.members);
  draft.forked = true;
  repool(draft);
  if ((draft.applied?.round ?? -1) > round) draft.applied = undefined;
  draft.desertedSinceMs = undefined;
  draft.joinSentRound = undefined;
  const text = `Rounds ${round + 1} to ${head.round} are taken back: the other members went on differently.`;
  effects.push({ kind: 'rolled-back', round }, { kind: 'tell', event: { kind: 'rolled-back', text } });
}

function accept(draft: Draft, node: Node, nowMs: number, effects: RoundEffect[]): void {
  const { record, context, named } = node;
  invariant(record !== undefined && named !== undefined, 'only records that came whole are accepted');
  const { self } = draft.settings;
  tellOf(draft, record, nowMs, effects);
  const leaderIsLinked = record.leader === self || draft.links.get(record.leader)?.up === true;
  const { members } = context;
  draft.mode = 'following';
  draft.head = { round: record.round, digest: record.digest, leader: record.leader, atMs: nowMs };
  draft.trail = new Map([...draft.trail, [record.round, record.digest] as const].slice(-trailLength));
  draft.members = members;
  draft.ranks = rankMembers(record.digest, record.round + 1, members);
  draft.everMembers = new Set(
    [...draft.everMembers, ...members.map(({ id }) => id)].slice(-4 * limits.members),
  );
  repool(draft);
  draft.havesSent = new Set();
  draft.pull = undefined;
  draft.desertedSinceMs = undefined;
  const ids = new Set(members.map(({ id }) => id));
  draft.leaves = new Map(
    [...draft.leaves].filter(([peer, { joined }]) =>
      members.some(({ id, joinedRound }) => id === peer && joinedRound === joined),
    ),
  );
  draft.joins = new Map([...draft.joins].filter(([peer]) => !ids.has(peer)));
  const links = new Map(draft.links);
  for (const id of ids) {
    if (!links.has(id) && id !== self) {
      links.set(id, unlinked(nowMs));
    }
  }
  draft.links = links;
  // Before any record the replica stands at the state the run starts from, and record 0 changes nothing.
  if (record.round === 0) draft.applied = { round: 0, state: record.parentState };
  if (record.round === 0) draft.states = new Map([[0, record.parentState]]);
  effects.push({ kind: 'accepted', record, context, named });
  compareStates(draft, record, effects);
  if (record.leader === self || !leaderIsLinked)
    effects.push({ kind: 'broadcast-record', round: record.round });
  settleFinal(draft, effects);
  const final = oldestOpen(draft);
  draft.forked = [...draft.nodes.values()].some(
    ({ context: one }) =>
      one.round > final && one.parent !== record.digest && draft.trail.get(one.round) !== one.record,
  );
}

/** What a certificate says of the members' replicas, against ours. */
function compareStates(draft: Draft, { certificate }: ChainRecord, effects: RoundEffect[]): void {
  if (certificate === undefined) return;
  const { round, record, state, votes } = certificate;
  const known = new Map(draft.votes);
  for (const { peer } of votes) {
    if ((known.get(peer)?.round ?? -1) <= round) known.set(peer, { round, record, state });
  }
  draft.votes = known;
  const ours = draft.states.get(round);
  if (ours === undefined || ours === state) return;
  draft.differs = { round, state };
  const text = `After round ${round} this replica differs from the one that ${votes.length} members signed.`;
  effects.push({ kind: 'tell', event: { kind: 'replicas-differ', text } });
}

function tellOf(draft: Draft, record: ChainRecord, nowMs: number, effects: RoundEffect[]): void {
  const { self } = draft.settings;
  const name = (peer: PeerId): string => (peer === self ? 'This volunteer' : shortName(peer));
  for (const peer of record.joins)
    effects.push({ kind: 'tell', event: { kind: 'joined', text: `${name(peer)} joined.` } });
  for (const peer of leavesOf(record)) {
    const how = record.absent.includes(peer) ? 'is gone without a word' : 'left';
    effects.push({ kind: 'tell', event: { kind: 'left', text: `${name(peer)} ${how}.` } });
  }
  const first = leadersInTurn(draft, nowMs)[0];
  if (isTakeover(draft.members, record)) {
    const text = `Everyone who trained has gone: ${name(record.leader)} has taken over.`;
    effects.push({ kind: 'tell', event: { kind: 'leader', text } });
  } else if (record.round > 0 && draft.ranks[0] !== record.leader && first !== undefined) {
    const text = `Round ${record.round} was led by ${shortName(record.leader)}, as ${shortName(draft.ranks[0] ?? first)} was silent.`;
    effects.push({ kind: 'tell', event: { kind: 'leader', text } });
  }
  if (record.epochChange) {
    const text = `Most members vanished without a word: from round ${record.round} on only those who remain are counted.`;
    effects.push({ kind: 'tell', event: { kind: 'epoch', text } });
  }
  const expected = draft.applied;
  if (expected?.round === record.round - 1 && expected.state !== record.parentState) {
    const text = `The replica of ${shortName(record.leader)}, which led round ${record.round}, differs from ours.`;
    effects.push({ kind: 'tell', event: { kind: 'replicas-differ', text } });
  }
}

function askMembership(draft: Draft, effects: RoundEffect[]): void {
  const { head, applied } = draft;
  const { self } = draft.settings;
  if (head === undefined || applied?.round !== head.round) return;
  const own = draft.members.find(({ id }) => id === self);
  if (own !== undefined && !draft.wanted) draft.givenUp = Math.max(draft.givenUp, own.joinedRound);
  const gaveUp = hasGivenUp(draft);
  if (own !== undefined && gaveUp && draft.leaveSent !== own.joinedRound) {
    draft.leaveSent = own.joinedRound;
    effects.push({ kind: 'send-leave' });
  }
  // Again every other round: the leader that heard it may have died with it.
  if (
    (own === undefined || gaveUp) &&
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
  const round = currentRound(draft);
  for (const [digest, { counted }] of draft.pool) {
    const key = `${leader} ${digest}`;
    const authorIsThere = counted.author === self || draft.links.get(counted.author)?.up === true;
    if ((counted.author !== leader && authorIsThere) || draft.havesSent.has(key)) continue;
    draft.havesSent = new Set(draft.havesSent).add(key);
    effects.push({ kind: 'have', to: leader, round, digest });
  }
}

/** Asks for the next record where peers show that they have it, one after the other. */
function pull(draft: Draft, nowMs: number, effects: RoundEffect[]): void {
  const { pullDelayMs, pullRetryMs } = draft.settings;
  const round = currentRound(draft);
  const ahead = [...draft.links].filter(([, link]) => link.up && !link.foreign && link.head >= round);
  if (ahead.length === 0) {
    draft.pull = undefined;
    return;
  }
  const sources = ahead.filter(([, link]) => link.oldest <= round).map(([peer]) => peer);
  const { self, founder, mayFound } = draft.settings;
  // Without our signature there is no run: who says that it is under way is wrong or lies.
  if (draft.mode === 'entering' && self === founder && mayFound) return;
  if (draft.mode === 'entering' && sources.length === 0) {
    draft.mode = 'fetching';
    draft.pull = undefined;
    effects.push({ kind: 'fetch-snapshot' });
    return;
  }
  if (sources.length === 0) return; // yieldToAnotherChain sees to it
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
    for (const { record, named, askNamedMs } of draft.nodes.values())
      if (record !== undefined && named === undefined) times.push(askNamedMs);
    if (draft.forked) {
      for (const node of draft.nodes.values()) {
        const begins = onOurChain(draft, node) ? Infinity : forkBegins(draft, node);
        if (begins !== Infinity) times.push(begins);
      }
    }
  }
  const coming = times.filter((time) => time > nowMs);
  return coming.length === 0 ? undefined : Math.min(...coming);
}
