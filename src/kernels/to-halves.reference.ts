import { fromHalf, toHalf } from '../base/half.ts';

const largest = 65504;

/** The f16 nearest to each value, ties to even, held to +-65504. */
export const toHalvesReference = (x: ArrayLike<number>): Float64Array =>
  Float64Array.from(x, (value) => fromHalf(toHalf(Math.min(largest, Math.max(-largest, value)))));
