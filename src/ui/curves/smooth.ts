/**
 * An exponential moving average over about `window` rounds, without the bias to its start: every output is a weighted mean of
 * the values so far, weights falling by 1 - 1/window a round. Values that are NaN, and rounds that are missing, weigh nothing;
 * where a value is NaN so is the output. `rounds` ascends.
 */
export function smooth(rounds: Float64Array, values: Float64Array, window: number): Float64Array {
  const out = new Float64Array(values.length);
  smoother(window)(rounds, values, out, 0, values.length);
  return out;
}

/** `smooth` piece by piece: fills rows `from` to `to`, and goes on where it was. */
export function smoother(
  window: number,
): (rounds: Float64Array, values: Float64Array, out: Float64Array, from: number, to: number) => void {
  const keep = 1 - 1 / Math.max(1, window);
  let mean = 0; // weighted sum, its weights summing to `weight` < 1
  let weight = 0;
  let last = NaN;
  return (rounds, values, out, from, to) => {
    for (let i = from; i < to; i++) {
      const value = values[i];
      if (!Number.isFinite(value)) {
        out[i] = NaN;
        continue;
      }
      const round = rounds[i];
      const gap = round - last;
      const kept = gap === 1 ? keep : Number.isNaN(gap) ? 0 : keep ** gap;
      mean = kept * mean + (1 - keep) * value;
      weight = kept * weight + (1 - keep);
      out[i] = mean / weight;
      last = round;
    }
  };
}

/** Rounds to choose from for the smoothing; the first is none. */
export const smoothingWindows = [1, 3, 10, 30, 100, 300, 1_000, 3_000] as const;

/** What suits a picture of so many rounds: enough to see through the noise, too little to lag visibly behind. */
export const usualWindow = (rounds: number): number =>
  smoothingWindows.findLast((window) => window <= rounds / 100) ?? 1;
