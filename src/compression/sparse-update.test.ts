import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { fuzzRounds } from '../testing/long.ts';
import { blockLayout, type BlockLayout } from './blocks.ts';
import {
  decodeUpdate,
  encodeUpdate,
  maxPayloadBytes,
  updateOfSelection,
  type SparseUpdate,
} from './sparse-update.ts';

const small = blockLayout([
  { name: 'w', kind: 'matrix', rows: 64, cols: 128, offset: 0 },
  { name: 'g', kind: 'gains', rows: 1, cols: 192, offset: 8192 },
]);

/** nano's shape: 40 blocks of matrices and 5 of gains. */
const nano = blockLayout([
  { name: 'w', kind: 'matrix', rows: 2560, cols: 64, offset: 0 },
  { name: 'g', kind: 'gains', rows: 1, cols: 320, offset: 163_840 },
]);

function updateOf(blocks: readonly { readonly index: number; readonly negative: boolean }[][]): SparseUpdate {
  const starts = new Uint32Array(blocks.length + 1);
  blocks.forEach((block, n) => (starts[n + 1] = starts[n] + block.length));
  const all = blocks.flat();
  return {
    starts,
    indices: Uint16Array.from(all, ({ index }) => index),
    negative: Uint8Array.from(all, ({ negative }) => Number(negative)),
  };
}

/** Any update of a layout with at most k entries a block. */
const anyUpdate = (layout: BlockLayout, k: number): fc.Arbitrary<SparseUpdate> =>
  fc
    .tuple(
      ...layout.parameters.flatMap(({ blocks, size }) =>
        Array.from({ length: blocks }, () =>
          fc
            .uniqueArray(fc.record({ index: fc.nat(size - 1), negative: fc.boolean() }), {
              maxLength: k,
              selector: ({ index }) => index,
            })
            .map((entries) => entries.sort((a, b) => a.index - b.index)),
        ),
      ),
    )
    .map(updateOf);

function randomUpdate(layout: BlockLayout, k: number, random: SeededRandom): SparseUpdate {
  const sizes = layout.parameters.flatMap(({ blocks, size }) => Array.from({ length: blocks }, () => size));
  return updateOf(
    sizes.map((size) =>
      [...new Set(Array.from({ length: random.below(k + 1) }, () => random.below(size)))]
        .sort((a, b) => a - b)
        .map((index) => ({ index, negative: random.below(2) === 1 })),
    ),
  );
}

const reasonOf = (layout: BlockLayout, k: number, payload: Uint8Array): string => {
  const decoded = decodeUpdate(layout, k, payload);
  return decoded.ok ? 'accepted' : decoded.reason;
};

describe('payloads', () => {
  test('what is encoded is decoded again, for every k', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 7, 8, 15, 16, 64).chain((k) => fc.tuple(fc.constant(k), anyUpdate(small, k))),
        ([k, update]) => {
          const payload = encodeUpdate(small, k, update);
          expect(payload.length).toBeLessThanOrEqual(maxPayloadBytes(small, k));
          expect(decodeUpdate(small, k, payload)).toEqual({ ok: true, value: update });
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });

  test('a full payload of nano with k = 8 is 578 bytes, an empty one 23', () => {
    expect(maxPayloadBytes(nano, 8)).toBe(578);
    expect(encodeUpdate(nano, 8, updateOf(Array.from({ length: 45 }, () => [])))).toHaveLength(23);
  });

  test('the bits are laid out as documented', () => {
    const update = updateOf([
      [
        { index: 5, negative: true },
        { index: 4095, negative: false },
      ],
      [],
      [],
      [],
      [],
    ]);
    // 2 in 4 bits, 5 and 4095 in 12 bits each, signs 1 and 0, then four counts of 0 in 4 bits.
    const bits = 2n | (5n << 4n) | (4095n << 16n) | (1n << 28n);
    const bytes = Array.from({ length: 6 }, (_, n) => Number((bits >> BigInt(8 * n)) & 255n));
    expect(Array.from(encodeUpdate(small, 8, update))).toEqual(bytes);
  });

  test('the slots of the top-k kernel become an update in rising order of index, empty slots dropped', () => {
    const present = 1 << 13;
    const negative = 1 << 12;
    const selection = Uint32Array.of(
      9 | present,
      3 | present | negative,
      0,
      0,
      4095 | present,
      0,
      0,
      0,
      0,
      0,
    );
    expect(updateOfSelection(small, 2, selection)).toEqual(
      updateOf([
        [
          { index: 3, negative: true },
          { index: 9, negative: false },
        ],
        [],
        [{ index: 4095, negative: false }],
        [],
        [],
      ]),
    );
  });
});

describe('hostile payloads', () => {
  const random = new SeededRandom(2);
  const valid = encodeUpdate(small, 8, updateOf([[], [], [], [], [{ index: 1, negative: true }]]));

  test('are refused by name: too short, too long, a count above k, indices that do not rise, padding that is not zero', () => {
    expect(reasonOf(small, 8, valid)).toBe('accepted');
    expect(reasonOf(small, 8, valid.slice(0, -1))).toBe('payload too short');
    expect(reasonOf(small, 8, new Uint8Array(0))).toBe('payload too short');
    expect(reasonOf(small, 8, new Uint8Array([...valid, 0]))).toBe('payload too long');
    expect(reasonOf(small, 8, new Uint8Array(1e6))).toBe('payload too long');
    expect(reasonOf(small, 8, new Uint8Array(maxPayloadBytes(small, 8)).fill(0x99))).toBe('count above k');
    // Count 2, then twice the index 7.
    const twice = Number(2n | (7n << 4n) | (7n << 16n));
    const repeated = new Uint8Array(6);
    new DataView(repeated.buffer).setUint32(0, twice, true);
    expect(reasonOf(small, 8, repeated)).toBe('indices not increasing');
    // 5 blocks x 4 bits + 6 + 1 = 27 bits: 5 bits of padding.
    for (const bit of [3, 5, 7]) {
      const padded = valid.slice();
      padded[3] |= 1 << bit;
      expect(reasonOf(small, 8, padded)).toBe('padding not zero');
    }
  });

  test('100,000 mutations of valid payloads never throw, and what is accepted encodes back to the same bytes (seed 2)', () => {
    const originals = Array.from({ length: 200 }, () =>
      encodeUpdate(small, 8, randomUpdate(small, 8, random)),
    );
    const seen = new Map<string, number>();
    for (let n = 0; n < fuzzRounds(100_000); n++) {
      const original = originals[random.below(originals.length)];
      const length = random.below(4) === 0 ? random.below(original.length + 8) : original.length;
      const mutated = new Uint8Array(length);
      mutated.set(original.subarray(0, length));
      for (let flips = random.below(4); flips > 0 && length > 0; flips--) {
        mutated[random.below(length)] ^= 1 << random.below(8);
      }
      const decoded = decodeUpdate(small, 8, mutated);
      const reason = decoded.ok ? 'accepted' : decoded.reason;
      seen.set(reason, (seen.get(reason) ?? 0) + 1);
      if (!decoded.ok) continue;
      const again = encodeUpdate(small, 8, decoded.value);
      if (again.length !== length || again.some((byte, at) => byte !== mutated[at])) {
        throw new Error(`mutation ${n} was accepted but encodes to other bytes`);
      }
    }
    // Every way to be refused was met, or this fuzzing would show nothing.
    expect([...seen.keys()].sort()).toEqual([
      'accepted',
      'count above k',
      'indices not increasing',
      'padding not zero',
      'payload too long',
      'payload too short',
    ]);
  });
});
