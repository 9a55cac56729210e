import type { Timing } from './types.ts';

/** The value below which a share `at` of the sorted values lie, interpolated between neighbours. Needs one value or more. */
export function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = at * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

export const timingOf = (ms: readonly number[]): Timing => ({
  medianMs: median(ms),
  p10Ms: quantile(ms, 0.1),
  p90Ms: quantile(ms, 0.9),
  runs: ms.length,
});

/** The median of theirs[i] / ours[i] over the runs that both made. Pairing takes out what slows the machine for a while. */
export function pairedRatio(theirs: readonly number[], ours: readonly number[]): number {
  const pairs = Math.min(theirs.length, ours.length);
  return median(Array.from({ length: pairs }, (_, i) => theirs[i] / ours[i]));
}

/** ||actual - expected|| / ||expected|| in float64; Infinity where lengths differ or anything is not a number. */
export function relativeL2(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  const ratio = Math.sqrt(difference) / (norm === 0 ? 1 : Math.sqrt(norm));
  return Number.isFinite(ratio) ? ratio : Infinity;
}
