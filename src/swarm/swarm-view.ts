import type { PeerId } from '../base/ids.ts';
import {
  currentRound,
  deadlineOf,
  expectedLeader,
  headContext,
  isGone,
  isMember,
  shortName,
  type RoundState,
} from './round-state.ts';
import { takeoverRanks } from './round-takeover.ts';
import type { SwarmView } from './swarm-api.ts';

/**
 * False while a member's newest confirm contradicts our replica as it was after the same record. A member that lags a
 * round is compared at its own round, so a difference stays visible from one record to the next.
 */
export const replicasAgree = (state: RoundState): boolean =>
  ![...state.votes].some(([peer, vote]) => {
    const ours = state.states.get(vote.round);
    return (
      ours !== undefined &&
      ours !== vote.state &&
      state.trail.get(vote.round) === vote.record &&
      isMember(state, peer)
    );
  });

/** One look at the swarm: everything but what the facade itself counts. */
export function viewOf(
  state: RoundState,
  nowMs: number,
): Omit<SwarmView, 'rejections' | 'catchUp' | 'ledger'> {
  const { applied, settings } = state;
  const record = applied === undefined ? undefined : state.trail.get(applied.round);
  const confirms = [...state.votes].flatMap(([peer, vote]) =>
    applied !== undefined && vote.round === applied.round && vote.record === record
      ? [{ peer, state: vote.state }]
      : [],
  );
  if (applied !== undefined && state.mode === 'following')
    confirms.push({ peer: settings.self, state: applied.state });
  return {
    round: state.head?.round ?? 0,
    members: state.members.map(({ id }) => id),
    active: state.members.flatMap(({ id }) => {
      const wants = id === settings.self ? state.wanted : (state.links.get(id)?.wantsMembership ?? true);
      return wants && !isGone(state, id, nowMs) ? [id] : [];
    }),
    connected: [...state.links].flatMap(([peer, link]) => (link.up ? [peer] : [])).sort(),
    leader: expectedLeader(state, nowMs),
    isMember: isMember(state, settings.self),
    confirms: confirms.sort((a, b) => (a.peer < b.peer ? -1 : 1)),
    replicasAgree: replicasAgree(state),
    waitingFor: waitingFor(state, nowMs),
    finalRound: state.finalRound,
    epoch: headContext(state)?.epoch ?? 0,
    newestSeen: Math.max(state.head?.round ?? -1, ...[...state.links.values()].map(({ head }) => head)),
    differs: state.differs,
  };
}

const names = (peers: readonly PeerId[]): string => peers.map(shortName).join(', ');

/** One sentence for people: what has to happen before the next record. */
function waitingFor(state: RoundState, nowMs: number): string {
  const { self, founder, minMembers, mayFound } = state.settings;
  const linked = [...state.links].filter(([, link]) => link.up);
  switch (state.mode) {
    case 'idle':
      return 'Not in the run yet.';
    case 'entering': {
      if (self !== founder || !mayFound) return 'Waiting for a volunteer of this run.';
      const ready = 1 + linked.filter(([, link]) => link.wantsMembership).length;
      return `Waiting for volunteers: ${ready} of ${minMembers} are here.`;
    }
    case 'fetching':
      return linked.length === 0
        ? 'Waiting for a volunteer to take the model from.'
        : 'Taking the model from a volunteer.';
    case 'behind':
      return 'The others are too far ahead; the model has to be taken from one of them.';
    case 'following':
      return waitingInRound(state, nowMs);
  }
}

function waitingInRound(state: RoundState, nowMs: number): string {
  const { self } = state.settings;
  const round = currentRound(state);
  const active = state.members.map(({ id }) => id).filter((id) => !isGone(state, id, nowMs));
  if (active.length === 0 && !isMember(state, self)) {
    if (takeoverRanks(state).length === 0)
      return 'Everyone who trained has gone. The run goes on as soon as somebody trains again.';
    return 'Everyone who trained has gone; taking over in a moment.';
  }
  const missing = active.filter((id) => !state.byAuthor.has(id));
  if (missing.includes(self)) return `Training round ${round}.`;
  const leader = expectedLeader(state, nowMs);
  if (missing.length > 0 && nowMs < deadlineOf(state)) return `Round ${round} waits for ${names(missing)}.`;
  if (leader === undefined || leader === self) return `Round ${round} is being closed.`;
  return `Round ${round} waits for the record of ${shortName(leader)}.`;
}
