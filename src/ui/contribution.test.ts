import { describe, expect, test } from 'vitest';
import type { PeerId } from '../base/ids.ts';
import type { Leaderboard } from '../volunteer/contribution-leaderboard.ts';
import { contributionTotals, leaderLines, leaderScope } from './contribution.ts';
import { fakeReceipt, fakeVolunteer } from './fake-snapshot.test-data.ts';

const idOf = (n: number): PeerId => n.toString(16).padStart(32, '0') as PeerId;
const board = (with_: Partial<Leaderboard> = {}): Leaderboard => ({
  ...{ fromRound: 1, toRound: 41, rounds: 41, volunteers: 3, tokens: 1_000 },
  rows: [
    { id: idOf(1), place: 1, tokens: 600, rounds: 30 },
    { id: idOf(2), place: 2, tokens: 400, rounds: 20 },
  ],
  ...with_,
});

describe('the leaderboard', () => {
  test('has each volunteer’s share of the tokens, and marks this one', () => {
    const lines = leaderLines(board(), idOf(2));
    expect(lines.map(({ share, self, afterGap }) => [share, self, afterGap])).toEqual([
      [0.6, false, false],
      [0.4, true, false],
    ]);
  });

  test('says where volunteers are left out before this one, but not where some share a place', () => {
    const rows = [1, 1, 3].map((place, i) => ({ id: idOf(i), place, tokens: 10, rounds: 1 }));
    expect(leaderLines(board({ rows }), idOf(0)).some(({ afterGap }) => afterGap)).toBe(false);
    const far = [...rows, { id: idOf(9), place: 57, tokens: 1, rounds: 1 }];
    expect(leaderLines(board({ rows: far }), idOf(9)).map(({ afterGap }) => afterGap)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test('says what it counts', () => {
    expect(leaderScope(board())).toBe('Counted by this tab from the first round to round 41.');
    expect(leaderScope(board({ fromRound: 501, toRound: 600, rounds: 100 }))).toBe(
      'Counted by this tab from round 501, when it came, to round 600.',
    );
    expect(leaderScope(board({ rounds: 39 }))).toBe(
      'Counted by this tab from the first round to round 41. 2 rounds in between were not seen here.',
    );
  });
});

test('without a kept history the receipts at hand are what is known', () => {
  const receipts = [fakeReceipt(1, { standing: 'final' }), fakeReceipt(2)];
  const volunteer = fakeVolunteer({ receipts, round: 2 });
  expect(contributionTotals(volunteer, undefined)).toMatchObject({
    trained: 2,
    counted: 2,
    final: 1,
    streak: 2,
  });
  const totals = { ...contributionTotals(volunteer, undefined), trained: 99 };
  expect(contributionTotals(volunteer, { name: undefined, totals }).trained).toBe(99);
});
