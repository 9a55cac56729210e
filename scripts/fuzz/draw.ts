import { toHex, type Bytes } from '../../src/base/bytes.ts';
import type { SeededRandom } from '../../src/base/random.ts';

/** A whole number in [0, bound), bound <= 2^32: as `below`, but without big integers, for it is drawn very often. */
export const draw = (random: SeededRandom, bound: number): number =>
  Math.floor((random.u32() / 0x1_0000_0000) * bound);

/** True once in `n` times. */
export const oneIn = (random: SeededRandom, n: number): boolean => draw(random, n) === 0;

export function pick<T>(random: SeededRandom, from: readonly T[]): T {
  const found = from[draw(random, from.length)];
  if (found === undefined && from.length === 0) throw new Error('nothing to pick from');
  return found;
}

export function drawBytes(random: SeededRandom, length: number): Bytes {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = random.u32();
  return new Uint8Array(words.buffer, 0, length);
}

/** `length` random bytes as lower-case hex. */
export const drawHex = (random: SeededRandom, length: number): string => toHex(drawBytes(random, length));

export const drawList = <T>(random: SeededRandom, most: number, item: (index: number) => T): T[] =>
  Array.from({ length: draw(random, most + 1) }, (_, index) => item(index));

/** Small numbers as often as large ones, all in [0, most]. */
export function drawCount(random: SeededRandom, most: number): number {
  const bits = draw(random, 1 + Math.ceil(Math.log2(most + 1)));
  return Math.min(most, draw(random, Math.min(2 ** bits, 0x1_0000_0000)));
}
