import fc from 'fast-check';
import { expect, test } from 'vitest';
import { usualWindow } from './smooth.ts';
import { logTicks } from './ticks.ts';

test('an axis spaced by powers has round values, and steps where it spans less than a power', () => {
  expect(logTicks(1, 100_000, 6)).toEqual([1, 10, 100, 1_000, 10_000, 100_000]);
  expect(logTicks(1, 100_000, 3)).toEqual([1, 100, 10_000]);
  expect(logTicks(0.9, 60, 8)).toEqual([1, 2, 5, 10, 20, 50]);
  expect(logTicks(2.4, 5.6, 4)).toEqual([3, 4, 5]);
  expect(logTicks(2.4, 2.9, 5)).toEqual([2.4, 2.6, 2.8]);
});

test('no tick is outside of the axis, and there are no more than there is room for', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      fc.double({ min: 1.05, max: 1e8, noNaN: true }),
      fc.integer({ min: 3, max: 12 }),
      (min, factor, most) => {
        const ticks = logTicks(min, min * factor, most);
        expect(ticks.length).toBeLessThanOrEqual(most + 1);
        expect(ticks).toEqual([...new Set(ticks)].sort((a, b) => a - b));
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(min * (1 - 1e-9));
          expect(tick).toBeLessThanOrEqual(min * factor * (1 + 1e-9));
        }
      },
    ),
  );
});

test('smoothing is usually over about a hundredth of the rounds shown', () => {
  expect([41, 1_000, 20_000, 1e9].map(usualWindow)).toEqual([1, 10, 100, 3_000]);
});
