import type { Digest, PeerId } from '../base/ids.ts';
import { contextWindow } from './chain-context.ts';
import {
  currentRound,
  headContext,
  type Draft,
  type Pooled,
  type RoundState,
  type Standpoint,
} from './round-state.ts';

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

/** A contribution that we hold, to the round in progress or an earlier one. */
export const pooled = ({ pool, past }: RoundState, digest: Digest): Pooled | undefined =>
  pool.get(digest) ?? past.get(digest);

/** The contributions of an author to a round, the first that came first. */
export function contributionsOf(state: RoundState, round: number, author: PeerId): readonly Digest[] {
  const found: Digest[] = [];
  // Asked for every message: no copy of the pool.
  for (const [digest, one] of round === currentRound(state) ? state.pool : state.past)
    if (one.round === round && one.counted.author === author) found.push(digest);
  return found;
}

/** The author's first contribution to a round. */
export const firstOf = (state: RoundState, round: number, author: PeerId): Digest | undefined =>
  round === currentRound(state) ? state.byAuthor.get(author) : contributionsOf(state, round, author)[0];

/** Sorts what we hold anew after the round in progress has become another. */
export function repool(draft: Draft): void {
  const round = currentRound(draft);
  const [pool, past] = [new Map<Digest, Pooled>(), new Map<Digest, Pooled>()];
  const byAuthor = new Map<PeerId, Digest>();
  for (const [digest, one] of [...draft.past, ...draft.pool]) {
    (one.round === round ? pool : past).set(digest, one);
    const { author } = one.counted;
    if (one.round === round && !byAuthor.has(author)) byAuthor.set(author, digest);
  }
  draft.pool = pool;
  draft.past = past;
  draft.byAuthor = byAuthor;
}

/** Remembers the newest record a linked or former member was seen on. */
export function standAt(draft: Draft, peer: PeerId, { round, record }: Standpoint): void {
  if (!draft.links.has(peer) && !draft.everMembers.has(peer)) return;
  const before = draft.stands.get(peer);
  if (before !== undefined && before.round > round) return;
  draft.stands = new Map(draft.stands).set(peer, { round, record });
}
