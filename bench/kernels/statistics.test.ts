import { describe, expect, it } from 'vitest';
import { geometricMean, median, pairedRatio, quantile, relativeL2, timingOf } from './statistics.ts';

describe('statistics of the bench', () => {
  it('take quantiles between neighbours, whatever the order', () => {
    expect(quantile([3, 1, 2], 0)).toBe(1);
    expect(quantile([3, 1, 2], 1)).toBe(3);
    expect(quantile([0, 10], 0.1)).toBeCloseTo(1);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(timingOf([5])).toEqual({ medianMs: 5, p10Ms: 5, p90Ms: 5, runs: 1 });
  });

  it('pair runs, so that a slow minute counts for both', () => {
    expect(pairedRatio([20, 200, 20], [10, 100, 10])).toBe(2);
    expect(pairedRatio([20, 200], [10, 100, 1, 1])).toBe(2);
  });

  it('average ratios by their product', () => {
    expect(geometricMean([2, 8])).toBeCloseTo(4);
  });

  it('call results different when lengths differ or anything is not a number', () => {
    expect(relativeL2([3, 4], [3, 4])).toBe(0);
    expect(relativeL2([0, 0], [3, 4])).toBe(1);
    expect(relativeL2([1], [1, 2])).toBe(Infinity);
    expect(relativeL2([NaN, 4], [3, 4])).toBe(Infinity);
  });
});
