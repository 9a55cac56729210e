import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  keptRecent,
  noContributions,
  totalsOf,
  withReceipts,
  type ContributionHistory,
} from './contribution-history.ts';
import type { Standing } from './status.ts';

const receipt = (round: number, standing: Standing = 'provisional', counted = standing !== 'lost') => ({
  ...{ round, standing, counted, tokens: 100 },
});
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('a receipt counts at once, and its outcome when it is settled', () => {
  let history = withReceipts(noContributions, [receipt(1), receipt(2), receipt(3, 'provisional', false)]);
  expect(totalsOf(history, 3)).toMatchObject({ trained: 3, tokens: 300, counted: 2, final: 0, lost: 0 });
  history = withReceipts(history, [receipt(1, 'final'), receipt(2, 'final'), receipt(3, 'lost')]);
  expect(totalsOf(history, 3)).toMatchObject({
    ...{ trained: 3, tokens: 300, counted: 2, final: 2, finalTokens: 200, lost: 1, unknown: 0 },
  });
  expect(history.recent).toEqual([]);
});

test('nothing new is the same object', () => {
  const history = withReceipts(noContributions, [receipt(1), receipt(2)]);
  expect(withReceipts(history, [receipt(1), receipt(2)])).toBe(history);
  expect(withReceipts(history, [])).toBe(history);
});

test('receipts that are kept for long count once', () => {
  let history: ContributionHistory = noContributions;
  for (let newest = 1; newest <= 200; newest++) {
    const from = Math.max(1, newest - 49);
    history = withReceipts(
      history,
      range(from, newest).map((round) => receipt(round, round < newest - 1 ? 'final' : 'provisional')),
    );
  }
  expect(totalsOf(history, 200)).toEqual({
    ...{ trained: 200, tokens: 20_000, counted: 200, final: 198, finalTokens: 19_800, lost: 0, unknown: 0 },
    ...{ streak: 200, longest: 200 },
  });
});

test('a streak is rounds in a row that count, also those that are not final yet', () => {
  const history = withReceipts(noContributions, [
    ...range(1, 5).map((round) => receipt(round, 'final')),
    receipt(6, 'lost'),
    ...range(7, 9).map((round) => receipt(round, 'final')),
    receipt(10),
  ]);
  expect(totalsOf(history, 10)).toMatchObject({ streak: 4, longest: 5 });
  expect(totalsOf(history, 11), 'a round went by without it').toMatchObject({ streak: 0, longest: 5 });
  expect(totalsOf(history, undefined)).toMatchObject({ streak: 0 });
});

test('a streak does not depend on the order in which rounds are settled', () => {
  const rounds = range(1, 6);
  let history = withReceipts(
    noContributions,
    rounds.map((round) => receipt(round)),
  );
  const settled = new Set<number>();
  for (const next of [2, 1, 6, 5, 3, 4]) {
    settled.add(next);
    history = withReceipts(
      history,
      rounds.map((round) => receipt(round, settled.has(round) ? 'final' : 'provisional')),
    );
  }
  expect(totalsOf(history, 6)).toMatchObject({ final: 6, streak: 6, longest: 6 });
  expect(history).toMatchObject({ streakFrom: 1, streakTo: 6 });
});

test('what was open when the last visit ended is not known any more', () => {
  const before = withReceipts(noContributions, [receipt(1, 'final'), receipt(2), receipt(3)]);
  const after = withReceipts(before, [receipt(40)]);
  expect(totalsOf(after, 40)).toMatchObject({ trained: 4, final: 1, unknown: 2, counted: 2, streak: 1 });
});

test('whatever receipts say, every contribution is in one sum, and the list stays short', () => {
  const visit = fc.record({
    gap: fc.nat(10),
    standings: fc.array(fc.constantFrom<Standing>('provisional', 'final', 'lost'), { maxLength: 80 }),
  });
  fc.assert(
    fc.property(fc.array(visit, { maxLength: 6 }), (visits) => {
      let history: ContributionHistory = noContributions;
      let [round, trained] = [0, 0];
      for (const { gap, standings } of visits) {
        round += gap;
        const receipts = standings.map((standing) => receipt(++round, standing));
        trained += receipts.length;
        history = withReceipts(history, receipts);
        history = withReceipts(history, receipts.slice(-50));
      }
      const { recent, final, lost, unknown } = history;
      expect(history.trained).toBe(trained);
      expect(final + lost + unknown + recent.length).toBe(trained);
      expect(recent.length).toBeLessThanOrEqual(keptRecent);
      const totals = totalsOf(history, round);
      expect(totals.streak).toBeLessThanOrEqual(totals.longest);
      expect(totals.longest).toBeLessThanOrEqual(trained);
    }),
  );
});
