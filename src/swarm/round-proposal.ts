import type { PeerId } from '../base/ids.ts';
import { absencesAllowed } from './membership.ts';
import { limits } from './protocol.ts';
import { takeover } from './round-takeover.ts';
import {
  currentRound,
  deadlineOf,
  isGone,
  isMember,
  leadersInTurn,
  turnBegins,
  type RecordDraft,
  type RoundState,
} from './round-state.ts';
import type { CountedContribution } from './swarm-api.ts';

/** The record this volunteer should sign now, or undefined. */
export function proposal(state: RoundState, nowMs: number): RecordDraft | undefined {
  if (state.proposedRound >= currentRound(state)) return undefined;
  return state.mode === 'entering'
    ? genesis(state)
    : state.mode === 'following'
      ? anotherRecordExists(state)
        ? undefined
        : (next(state, nowMs) ?? takeover(state, nowMs))
      : undefined;
}

/** Record 0, once the founder is linked to enough peers that want to be members. Never where a run is under way. */
function genesis(state: RoundState): RecordDraft | undefined {
  const { self, publicKey, founder, mayFound, minMembers, run } = state.settings;
  if (self !== founder || !mayFound || state.initialState === undefined) return undefined;
  const linked = [...state.links].filter(([, link]) => link.up);
  if (linked.some(([, link]) => link.head >= 0)) return undefined;
  const members = new Map([[self, publicKey]]);
  for (const [peer, link] of linked) {
    if (link.wantsMembership && link.publicKey !== undefined) members.set(peer, link.publicKey);
  }
  if (members.size < minMembers) return undefined;
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, limits.members);
  return {
    round: 0,
    parent: run,
    leader: self,
    parentState: state.initialState,
    contributions: [],
    joins: sorted.map(([peer]) => peer),
    joinKeys: sorted.map(([, key]) => key),
    leaves: [],
  };
}

function next(state: RoundState, nowMs: number): RecordDraft | undefined {
  const { head, applied } = state;
  const { self } = state.settings;
  if (head === undefined || applied?.round !== head.round || !isMember(state, self)) return undefined;
  const first = leadersInTurn(state, nowMs)[0] === self;
  if (!first && nowMs < turnBegins(state, self, nowMs)) return undefined;

  const active = state.members.map(({ id }) => id).filter((id) => !isGone(state, id, nowMs));
  const contributions = heldContributions(state, active);
  const authors = new Set(contributions.map(({ author }) => author));
  const everyone = active.length > 0 && active.every((id) => authors.has(id));
  if (!everyone) {
    // Alone, a volunteer waits for its own contribution however long that takes, unless it is leaving.
    const alone = active.every((id) => id === self);
    const handOver = active.length === 0 && (contributions.length > 0 || listedJoins(state).length > 0);
    if (alone ? !handOver : nowMs < deadlineOf(state)) return undefined;
  }
  const joins = listedJoins(state);
  return {
    round: head.round + 1,
    parent: head.digest,
    leader: self,
    parentState: applied.state,
    contributions,
    joins: joins.map(([peer]) => peer),
    joinKeys: joins.map(([, key]) => key),
    leaves: listedLeaves(state, authors, joins.length, nowMs),
  };
}

/** A linked peer on our chain confirmed a record for this round: we lack it, and must not make a second one. */
function anotherRecordExists(state: RoundState): boolean {
  const round = currentRound(state);
  return [...state.votes].some(
    ([peer, vote]) =>
      vote.round >= round &&
      state.sides.get(peer) !== false &&
      state.links.get(peer)?.up === true &&
      state.everMembers.has(peer),
  );
}

/** Each author's first contribution, if at least min(2, active members) of the active ones hold it. By author. */
function heldContributions(state: RoundState, active: readonly PeerId[]): CountedContribution[] {
  const needed = Math.min(2, active.length);
  return [...state.byAuthor]
    .flatMap(([, digest]) => {
      const pooled = state.pool.get(digest);
      if (pooled === undefined) return [];
      const held = active.filter((id) => pooled.holders.has(id)).length;
      return held >= needed ? [pooled.counted] : [];
    })
    .sort((a, b) => (a.author < b.author ? -1 : 1));
}

const listedJoins = (state: RoundState): (readonly [PeerId, RoundState['settings']['publicKey']])[] =>
  [...state.joins]
    .filter(([peer]) => state.links.get(peer)?.up === true && !isMember(state, peer))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, limits.members - state.members.length);

/** Who said goodbye, was absent too often, or has been unreachable for more than a deadline. Never everyone. */
function listedLeaves(
  state: RoundState,
  authors: ReadonlySet<PeerId>,
  joining: number,
  nowMs: number,
): readonly PeerId[] {
  const { self, deadlineMs } = state.settings;
  const leaves = state.members
    .filter(({ id, missed }) => {
      if (state.leaves.has(id)) return true;
      if (id === self || authors.has(id)) return false;
      const link = state.links.get(id);
      return (
        missed >= absencesAllowed || (link?.up !== true && nowMs - (link?.downSinceMs ?? 0) > deadlineMs)
      );
    })
    .map(({ id }) => id);
  return leaves.length === state.members.length && joining === 0
    ? leaves.filter((id) => id !== self)
    : leaves;
}
