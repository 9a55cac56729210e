import { SeededRandom } from '../src/base/random.ts';
import { median } from './kernels/statistics.ts';

/** The middle of what was measured, and how far it is to be believed. */
export interface Spread {
  readonly middle: number;
  /** Between these are 95 % of the medians of as many values drawn from them with return (bootstrap percentiles: Efron 1979). */
  readonly low: number;
  readonly high: number;
}

const draws = 2_000;

/** `values`: at least one. The same values give the same spread. */
export function spreadOf(values: readonly number[]): Spread {
  const random = new SeededRandom(1);
  const medians = Array.from({ length: draws }, () =>
    median(values.map(() => values[random.below(values.length)] ?? NaN)),
  ).sort((a, b) => a - b);
  const at = (part: number): number => medians[Math.round(part * (draws - 1))] ?? NaN;
  return { middle: median(values), low: at(0.025), high: at(0.975) };
}

export const inWords = ({ middle, low, high }: Spread): string =>
  `${middle.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
