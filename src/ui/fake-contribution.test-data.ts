import type { PeerId } from '../base/ids.ts';
import type { Leaderboard } from '../volunteer/contribution-leaderboard.ts';
import type { PageSnapshot } from './host.ts';

const idAt = (n: number): string => (((n + 3) * 0x2c1b3c6d) >>> 0).toString(16).padStart(8, '0').repeat(4);

/** Who gave how much: `count` volunteers, these first, and `self` in the given place. */
export function fakeLeaders(
  self: string,
  place: number,
  first: readonly string[],
  count: number,
): Leaderboard {
  const ids = Array.from({ length: count - 1 }, (_, n) => first[n] ?? idAt(n));
  ids.splice(place - 1, 0, self);
  const all = ids.map((id, n) => ({
    ...{ id: id as PeerId, place: n + 1, tokens: Math.round(8_400_000 / (n + 1.6)) },
    rounds: Math.max(1, 41 - n),
  }));
  return {
    ...{ fromRound: 1, toRound: 41, rounds: 41, volunteers: count },
    tokens: all.reduce((sum, { tokens }) => sum + tokens, 0),
    rows: all.filter(({ id }, n) => n < 20 || id === self),
  };
}

/** What a tab gave over several visits. */
export const fakeContribution = (name?: string): NonNullable<PageSnapshot['contribution']> => ({
  name,
  totals: {
    ...{ trained: 412, tokens: 3_375_104, counted: 405, final: 402, finalTokens: 3_293_184 },
    ...{ lost: 5, unknown: 2, streak: 38, longest: 211 },
  },
});
