import type { PeerId } from '../base/ids.ts';
import { contextWindow, isQuorum, votersOf, type ChainContext } from './chain-context.ts';
import { nodeAt } from './ledger-walk.ts';
import { oldestOpen } from './round-facts.ts';
import type { Certificate } from './membership.ts';
import {
  hasGivenUp,
  isMember,
  type Draft,
  type RoundEffect,
  type RoundState,
  type Vote,
} from './round-state.ts';

/**
 * Every how many rounds a swarm of so many members votes. A certificate holds two thirds of their signatures and goes to all of
 * them, so its bytes grow with the square of their number unless it comes more rarely; that bounds the cost a member and round.
 */
export const ballotEvery = (members: number): number => Math.max(1, Math.floor(members / 3));

/** Leaders of the next round that a confirm goes to: the first, and the one that takes its place. */
const confirmsTo = 2;
const votesKept = contextWindow;
/** Up to so many voters a certificate shows every confirm there is; above, no more than it needs, for the bytes. */
const smallSwarm = 5;

/**
 * Confirms the head record if the rules allow it (docs/protocol.md): once a round number; never a record whose chain certifies
 * nothing as new as what was certified on a chain we confirmed before; `clean` only if we confirmed nothing off this chain
 * since the newest record certified in it.
 */
export function vote(draft: Draft, effects: RoundEffect[]): void {
  const { head, applied, settings } = draft;
  if (head === undefined || applied?.round !== head.round || draft.unchecked || hasGivenUp(draft)) return;
  const context = draft.nodes.get(head.digest)?.context;
  if (context === undefined || head.round <= draft.votedRound || context.certified < draft.lock) return;
  if (!draft.forked && head.round % ballotEvery(draft.members.length) !== 0) return;
  if (draft.differs !== undefined || !votersOf(context).some(({ id }) => id === settings.self)) return;
  // It made us a member anew: on its ballot we stand by the membership that it ended.
  const own = draft.members.find(({ id }) => id === settings.self);
  if (own !== undefined && own.joinedRound >= head.round && head.round > 0) return;
  const clean = isClean(draft, context);
  const ballot = { round: head.round, record: head.digest, state: applied.state, clean };
  draft.votedRound = head.round;
  draft.lock = context.certified;
  const voted = [...draft.voted, { round: head.round, record: head.digest, clean }];
  draft.votesForgotten = Math.max(draft.votesForgotten, voted.at(-votesKept - 1)?.round ?? -1);
  draft.voted = voted.slice(-votesKept);
  effects.push({ kind: 'vote', ...ballot, to: recipients(draft) });
}

/** Confirms that we no longer know one by one count as given to another chain. */
const isClean = (draft: Draft, context: ChainContext): boolean =>
  draft.votesForgotten <= context.certified &&
  draft.voted.every(
    ({ round, record }) =>
      round <= context.certified || nodeAt(draft, context.record, round)?.context.record === record,
  );

/** The leaders in line for the next round; everyone while two chains are in sight, so that members see who stands where. */
function recipients(draft: Draft): readonly PeerId[] {
  const { self } = draft.settings;
  const line = draft.forked ? draft.members.map(({ id }) => id) : draft.ranks.slice(0, confirmsTo);
  return line.filter((peer) => peer !== self && draft.links.get(peer)?.up === true);
}

/** Keeps a confirm for the certificates we may make. Bounded: a few for each peer that is or was a member. */
export function takeBallot(draft: Draft, peer: PeerId, given: Vote): void {
  const final = oldestOpen(draft);
  const node = draft.nodes.get(given.record);
  // Its round is signed apart from its record: one that does not fit makes a certificate that nobody else accepts.
  if (node !== undefined && node.context.round !== given.round) return;
  if (given.round <= final || (!draft.everMembers.has(peer) && !isMember(draft, peer))) return;
  const ofRecord = draft.ballots.get(given.record);
  if (ofRecord?.has(peer) === true) return;
  const others = [...draft.ballots.values()].filter((ballots) => ballots.has(peer)).length;
  if (others >= 2 * contextWindow) return;
  draft.ballots = new Map(draft.ballots).set(given.record, new Map(ofRecord).set(peer, given));
}

/** The newest record of our chain that enough members confirmed with one state, if the chain does not certify it yet. */
export function newestCertificate(state: RoundState): Certificate | undefined {
  const { head } = state;
  let node = head === undefined ? undefined : state.nodes.get(head.digest);
  const certified = node?.context.certified ?? Infinity;
  const oldest = (head?.round ?? 0) - contextWindow;
  while (node !== undefined && node.context.round > Math.max(certified, oldest)) {
    const found = certificateOf(state, node.context);
    if (found !== undefined) return found;
    node = state.nodes.get(node.context.parent);
  }
  return undefined;
}

function certificateOf(state: RoundState, context: ChainContext): Certificate | undefined {
  const ballots = state.ballots.get(context.record);
  if (ballots === undefined) return undefined;
  const voters = votersOf(context);
  const byState = new Map<string, Certificate['votes'][number][]>();
  for (const { id } of voters) {
    const given = ballots.get(id);
    if (given?.round !== context.round) continue;
    const { clean, signature } = given;
    byState.set(given.state, [...(byState.get(given.state) ?? []), { peer: id, clean, signature }]);
  }
  for (const [stateDigest, votes] of byState) {
    const enough = (some: typeof votes): boolean =>
      isQuorum(context.ballot, new Set(some.map(({ peer }) => peer)), state.settings.open);
    if (!enough(votes)) continue;
    const { round, record } = context;
    const certificate = { round, record, state: stateDigest, of: voters.length };
    if (voters.length <= smallSwarm) return { ...certificate, votes };
    const cleanFirst = [...votes.filter(({ clean }) => clean), ...votes.filter(({ clean }) => !clean)];
    let count = 1;
    while (!enough(cleanFirst.slice(0, count))) count++;
    const chosen = cleanFirst.slice(0, count).sort((a, b) => (a.peer < b.peer ? -1 : 1));
    return { ...certificate, votes: chosen };
  }
  return undefined;
}
