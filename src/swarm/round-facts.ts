import type { PeerId } from '../base/ids.ts';
import { contextWindow } from './chain-context.ts';
import { headContext, type Draft, type RoundState, type Standpoint } from './round-state.ts';

/** Whether contributions to `round` still matter: it is not final, and at most the round in progress. */
export const roundsOpen = (state: RoundState, round: number): boolean => {
  const context = headContext(state);
  return context !== undefined && round <= context.round + 1 && round > oldestOpen(state);
};

/** Rounds up to this one are final, or too old for another chain to matter. */
export const oldestOpen = (state: RoundState): number => {
  const context = headContext(state);
  return context === undefined ? -1 : Math.max(context.final, context.round - contextWindow);
};

export const contributionsOfAuthor = ({ pool }: RoundState, round: number, author: PeerId): number =>
  [...pool.values()].filter((one) => one.round === round && one.counted.author === author).length;

/** Remembers the newest record a linked or former member was seen on. */
export function standAt(draft: Draft, peer: PeerId, { round, record }: Standpoint): void {
  if (!draft.links.has(peer) && !draft.everMembers.has(peer)) return;
  const before = draft.stands.get(peer);
  if (before !== undefined && before.round > round) return;
  draft.stands = new Map(draft.stands).set(peer, { round, record });
}
