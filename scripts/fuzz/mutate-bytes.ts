import { concatBytes, type Bytes } from '../../src/base/bytes.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import { draw, drawBytes, oneIn, pick } from './draw.ts';

export interface ByteFormat {
  /** Leading bytes that the first guard reads: changed seldom, or little else would be tried. */
  readonly head: number;
  /** Items of a list are this long: pieces are cut, doubled and swapped at multiples of it. 1: anywhere. */
  readonly stride: number;
}

const boundaryBytes = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
const boundaryWords = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

type Mutation = (random: SeededRandom, bytes: Bytes, format: ByteFormat, other: Bytes) => Bytes;

/** A position in [0, end); in the head only once in 16 times. */
function place(random: SeededRandom, end: number, { head }: ByteFormat): number {
  const from = head < end && !oneIn(random, 16) ? head : 0;
  return from + draw(random, end - from);
}

/** A cut in [0, length] after the head, on the stride. */
function cut(random: SeededRandom, length: number, { head, stride }: ByteFormat): number {
  const from = Math.min(head, length);
  return from + stride * draw(random, Math.floor((length - from) / stride) + 1);
}

function flipBits(random: SeededRandom, bytes: Bytes, format: ByteFormat): Bytes {
  const copy = new Uint8Array(bytes);
  for (let flips = 1 + draw(random, 3); flips > 0 && copy.length > 0; flips--) {
    copy[place(random, copy.length, format)] ^= 1 << draw(random, 8);
  }
  return copy;
}

function setByte(random: SeededRandom, bytes: Bytes, format: ByteFormat): Bytes {
  const copy = new Uint8Array(bytes);
  if (copy.length > 0) copy[place(random, copy.length, format)] = pick(random, boundaryBytes);
  return copy;
}

const truncate: Mutation = (random, bytes, format) =>
  bytes.slice(0, oneIn(random, 2) ? bytes.length - 1 : place(random, bytes.length + 1, format));

const extend: Mutation = (random, bytes) =>
  concatBytes(bytes, drawBytes(random, 1 + draw(random, oneIn(random, 8) ? 300 : 8)));

const splice: Mutation = (random, bytes, format, other) =>
  concatBytes(
    bytes.subarray(0, cut(random, bytes.length, format)),
    other.subarray(cut(random, other.length, format)),
  );

/** A varint of the same value but longer, or one that never ends: where lib0 and others stop looking. */
function inflateVarint(random: SeededRandom, bytes: Bytes, format: ByteFormat): Bytes {
  if (bytes.length === 0) return bytes;
  const at = place(random, bytes.length, format);
  const more = pick(random, [1, 1, 2, 4, 5, 8, 9, 10, 150]);
  const tail = new Uint8Array(more).fill(0x80);
  if (!oneIn(random, 4)) tail[more - 1] = pick(random, [0, 0, 1, 0x7f]);
  return concatBytes(
    bytes.subarray(0, at),
    new Uint8Array([(bytes[at] ?? 0) | 0x80]),
    tail,
    bytes.subarray(at + 1),
  );
}

/** Writes a boundary value over what may be a length. */
function lieAboutLength(random: SeededRandom, bytes: Bytes, format: ByteFormat): Bytes {
  const copy = new Uint8Array(bytes);
  const width = pick(random, [1, 2, 4]);
  if (copy.length < width) return copy;
  const at = place(random, copy.length - width + 1, format);
  const value = pick(random, boundaryWords);
  const bigEndian = oneIn(random, 4);
  for (let i = 0; i < width; i++) copy[at + i] = value >>> (8 * (bigEndian ? width - 1 - i : i));
  return copy;
}

/** Doubles, drops, moves or repeats a piece. */
function rearrange(random: SeededRandom, bytes: Bytes, format: ByteFormat): Bytes {
  const [a, b, c] = [0, 0, 0].map(() => cut(random, bytes.length, format)).sort((x, y) => x - y) as [
    number,
    number,
    number,
  ];
  const [before, first, second, after] = [
    bytes.subarray(0, a),
    bytes.subarray(a, b),
    bytes.subarray(b, c),
    bytes.subarray(c),
  ];
  switch (draw(random, 4)) {
    case 0:
      return concatBytes(before, first, first, second, after);
    case 1:
      return concatBytes(before, second, after);
    case 2:
      return concatBytes(before, second, first, after);
    default: {
      const piece = first.subarray(0, Math.min(first.length, 64));
      return concatBytes(before, ...Array<Uint8Array>(1 + draw(random, 20)).fill(piece), second, after);
    }
  }
}

const mutations: readonly Mutation[] = [
  flipBits,
  flipBits,
  setByte,
  setByte,
  truncate,
  extend,
  splice,
  inflateVarint,
  lieAboutLength,
  rearrange,
];

/** One to three mutations, one after another. */
export function mutateBytes(
  random: SeededRandom,
  bytes: Bytes,
  other: Bytes,
  format: ByteFormat = { head: 0, stride: 1 },
): Bytes {
  let mutated = bytes;
  for (let left = pick(random, [1, 1, 2, 3]); left > 0; left--) {
    mutated = pick(random, mutations)(random, mutated, format, other);
  }
  return mutated;
}
