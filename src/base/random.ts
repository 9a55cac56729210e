/**
 * Mixes a 32-bit word so that every input bit reaches every output bit ("lowbias32" constants by Chris Wellons).
 * Integer only, so it gives the same word in every browser and in WGSL (shaders/lib/mix.wgsl).
 */
export function mix32(word: number): number {
  let x = word >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A 32-bit hash of a few 32-bit words, in order. Not cryptographic. */
export function hashWords(...words: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const word of words) hash = mix32((hash ^ word) >>> 0) + 0x9e3779b9;
  return mix32(hash >>> 0);
}

/** A seeded source of 32-bit draws: a counter through `hashWords`, so any draw can be had without the ones before. */
export class SeededRandom {
  readonly seed: number;
  #drawn = 0;

  constructor(seed: number) {
    this.seed = seed >>> 0;
  }

  /** The next 32-bit unsigned draw. */
  u32(): number {
    return hashWords(this.seed, this.#drawn++);
  }

  /** A float in [0, 1) with 24 bits. */
  float(): number {
    return (this.u32() >>> 8) / 0x1000000;
  }

  /** A whole number in [0, bound), bound <= 2^32. The bias is below bound / 2^32. */
  below(bound: number): number {
    return Number((BigInt(this.u32()) * BigInt(bound)) >> 32n);
  }

  /** A roughly normal draw (mean 0, variance 1): the sum of 12 uniforms less 6. For tests and toy data. */
  normal(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.float();
    return sum;
  }
}
