import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { asHalves, halfBound, offersHalves } from '../testing/halves.ts';
import {
  attentionBackwardReference,
  attentionReference,
  type AttentionShape,
} from './attention.reference.ts';
import { attention, attentionBackward, type AttentionRotary } from './attention.ts';
import { attentionKey, attentionVariantsFor, chooseAttention } from './attention-variants.ts';
import { rotaryReference } from './rotary.reference.ts';
import { rotary, rotaryTable } from './rotary.ts';

const gpu = await openTestGpu();
const bound = 1e-5;

/** Runs both passes on poisoned outputs and reads back out, lse and dQkv. */
async function run(
  shape: AttentionShape,
  qkvValues: Float32Array<ArrayBuffer>,
  dOutValues: Float32Array<ArrayBuffer>,
  variant = chooseAttention(gpu, shape),
  turned?: boolean,
  dtype: 'f32' | 'f16' = 'f32',
) {
  const { batch, sequence, heads, kvHeads = heads, headSize } = shape;
  const [rows, width, queries] = [batch * sequence, heads * headSize, batch * heads * sequence];
  const packed = (heads + 2 * kvHeads) * headSize;
  const qkv = gpu.tensor([rows, packed], dtype, 'qkv', qkvValues);
  const out = gpu.tensor([rows, width], dtype, 'out', poisoned(rows * width));
  const lse = gpu.tensor([batch, heads, sequence], 'f32', 'lse', poisoned(queries));
  const dOut = gpu.tensor([rows, width], dtype, 'dOut', dOutValues);
  const dQkv = gpu.tensor([rows, packed], dtype, 'dQkv', poisoned(rows * packed));
  const delta = gpu.tensor([batch, heads, sequence], 'f32', 'delta', poisoned(queries));
  const angles = gpu.tensor([sequence, headSize / 2, 2], 'f32', 'angles', rotaryTable(sequence, headSize));
  const positions: { rotary?: AttentionRotary } =
    turned === undefined ? {} : { rotary: { table: angles, turned } };
  gpu.submit([
    ...(turned === true ? [rotary(gpu, { qkv, table: angles, ...shape })] : []),
    attention(gpu, { qkv, out, lse, ...shape, ...positions, variant }),
    ...attentionBackward(gpu, { qkv, out, lse, dOut, dQkv, delta, ...shape, ...positions, variant }),
  ]);
  const result = {
    out: await gpu.readF32(out),
    lse: await gpu.readF32(lse),
    dQkv: await gpu.readF32(dQkv),
  };
  gpu.free(qkv, out, lse, dOut, dQkv, delta, angles);
  return result;
}

type Outputs = Awaited<ReturnType<typeof run>>;

/** Holds out, lse and the gradients to the bound. */
function expectClose(
  { heads, kvHeads = heads, headSize }: AttentionShape,
  actual: Outputs,
  expected: ReturnType<typeof attentionReference>,
  gradient: Float64Array,
  seed: number,
  bounds = { out: bound, gradient: bound },
): void {
  expect(relativeL2(actual.out, expected.out), `out, seed ${seed}`).toBeLessThanOrEqual(bounds.out);
  expect(relativeL2(actual.lse, expected.lse), `lse, seed ${seed}`).toBeLessThanOrEqual(bound);
  expect(relativeL2(actual.dQkv, gradient), `dQkv, seed ${seed}`).toBeLessThanOrEqual(bounds.gradient);
  // dq and dk can hide behind a larger dv, so each part keeps the bound by itself.
  const packed = (heads + 2 * kvHeads) * headSize;
  const starts = [0, heads * headSize, (heads + kvHeads) * headSize, packed];
  for (const [part, name] of ['dq', 'dk', 'dv'].entries()) {
    const ofPart = (_: number, i: number): boolean =>
      i % packed >= starts[part] && i % packed < starts[part + 1];
    // With one position dq and dk are zero, and the bound is on their size.
    const error = relativeL2(actual.dQkv.filter(ofPart), gradient.filter(ofPart));
    expect(error, `${name}, seed ${seed}`).toBeLessThanOrEqual(bounds.gradient);
  }
}

/** batch, sequence, heads, kvHeads, headSize. */
type Size = readonly [number, number, number, number, number];
const shapeOf = ([batch, sequence, heads, kvHeads, headSize]: Size) => ({
  ...{ batch, sequence, heads, kvHeads, headSize },
});

// Compiling is what these tests cost, and every shape compiles anew, so what does not depend on the variant is dealt out among them.
const offered = attentionVariantsFor(gpu, { headSize: 2 });
/** The share of variant `index`: all are dealt, and every variant gets one. */
const dealt = <T>(all: readonly T[], index: number): T[] =>
  all.length < offered.length
    ? [all[index % all.length]]
    : all.filter((_, i) => i % offered.length === index);

describe('attention', () => {
  const draw = new SeededRandom(77);
  const drawn = Array.from({ length: 3 }, (): Size => {
    const [batch, sequence, heads] = [1 + draw.below(3), 1 + draw.below(90), 1 + draw.below(3)];
    return [batch, sequence, heads, heads, 2 + 2 * draw.below(20)];
  });
  const ofLargestHeads = attentionVariantsFor(gpu, { headSize: 128 })[0];
  const ofWholeTiles: Size = [4, 64, 4, 4, 16];
  const grouped: readonly Size[] = [
    [2, 33, 6, 2, 24],
    [1, 70, 6, 2, 12],
    [1, 21, 3, 1, 16],
    [1, 50, 2, 2, 6],
  ];

  describe.each(offered.map((variant, index) => ({ ...{ index, variant }, name: variant.name })))(
    'by $name',
    ({ index, variant }) => {
      // Heads of 128 take a driver many seconds to compile, so they come once, and without turning gradients back.
      const isOfLargest = variant === ofLargestHeads;
      const sizes: readonly Size[] = [
        [1, 1, 1, 1, 2],
        ofWholeTiles,
        ...(isOfLargest ? [[1, 70, 2, 2, 128] as const] : []),
        ...dealt(drawn, index),
      ];
      it.each(sizes)(
        'agrees with float64 within 1e-5, forward and backward: batch=%i sequence=%i heads=%i kvHeads=%i headSize=%i',
        async (...size) => {
          const shape = shapeOf(size);
          const { batch, sequence, heads, headSize } = shape;
          const seed = batch + 5 * sequence + 1000 * heads + 10_000 * headSize;
          const random = new SeededRandom(seed);
          const length = batch * sequence * heads * headSize;
          const qkv = randomNormal(random, 3 * length);
          const dOut = randomNormal(random, length);
          const actual = await run(shape, qkv, dOut, variant);
          const gradient = attentionBackwardReference(qkv, dOut, shape);
          expectClose(shape, actual, attentionReference(qkv, shape), gradient, seed);
        },
      );

      const taken: readonly Size[] = [
        ...(isOfLargest ? [] : [[1, 257, 1, 1, 64] as const]),
        ...dealt(grouped, index),
      ];
      const turns = [
        { how: 'turns q and k itself', turned: false, size: [2, 37, 4, 2, 10] as Size },
        ...taken.map((size) => ({ how: 'takes q and k turned', turned: true, size })),
      ];
      it.each(turns)('$how, and lets heads share keys: $size', async ({ turned, size }) => {
        const shape = shapeOf(size);
        const { batch, sequence, heads, kvHeads, headSize } = shape;
        const seed = batch + 7 * sequence + 1000 * heads + 10_000 * headSize;
        const random = new SeededRandom(seed);
        const qkv = randomNormal(random, batch * sequence * (heads + 2 * kvHeads) * headSize);
        const dOut = randomNormal(random, batch * sequence * heads * headSize);
        const straight = rotaryReference(qkv, shape);
        const expected = attentionReference(straight, shape);
        const gradient = rotaryReference(attentionBackwardReference(straight, dOut, shape), {
          ...shape,
          inverse: true,
        });
        expectClose(shape, await run(shape, qkv, dOut, variant, turned), expected, gradient, seed);
      });

      if (offersHalves(gpu)) {
        it('agrees with float64 within 1e-3 in f16, gradients within 2e-3', async () => {
          const random = new SeededRandom(37);
          const shape = { batch: 2, sequence: 37, heads: 4, kvHeads: 2, headSize: 10 };
          const qkv = asHalves(randomNormal(random, 2 * 37 * 8 * 10));
          const dOut = asHalves(randomNormal(random, 2 * 37 * 4 * 10));
          const actual = await run(shape, qkv, dOut, variant, undefined, 'f16');
          const gradient = attentionBackwardReference(qkv, dOut, shape);
          const bounds = { out: halfBound, gradient: 2 * halfBound }; // `out` as stored enters the gradient
          expectClose(shape, actual, attentionReference(qkv, shape), gradient, 37, bounds);
        });
      }

      it('looks at no later position, and at no other sequence', async () => {
        const shape = shapeOf(ofWholeTiles);
        const random = new SeededRandom(3);
        const qkv = randomNormal(random, 256 * 192);
        const changed = qkv.slice();
        const from = 3 * 64 + 25; // positions 25 and later of the last sequence
        changed.set(randomNormal(random, (256 - from) * 192), from * 192);
        const dOut = randomNormal(random, 256 * 64);
        const before = await run(shape, qkv, dOut, variant);
        const after = await run(shape, changed, dOut, variant);
        expect(after.out.slice(0, from * 64)).toEqual(before.out.slice(0, from * 64));
        expect(after.out.slice(from * 64)).not.toEqual(before.out.slice(from * 64));
      });

      it('stays finite and right where scores reach thousands', async () => {
        const shape = shapeOf(ofWholeTiles);
        const random = new SeededRandom(4);
        const qkv = randomNormal(random, 256 * 192, 30);
        const actual = await run(shape, qkv, randomNormal(random, 256 * 64), variant);
        const expected = attentionReference(qkv, shape);
        expect(Math.max(...expected.lse)).toBeGreaterThan(1000);
        expect(relativeL2(actual.out, expected.out)).toBeLessThanOrEqual(1e-3); // f32 scores of 1000 carry 1e-4
        expect(relativeL2(actual.lse, expected.lse)).toBeLessThanOrEqual(bound);
        expect(actual.dQkv.every(Number.isFinite)).toBe(true);
      });
    },
  );

  it('takes the variant that was measured fastest', () => {
    const shape = { batch: 1, sequence: 8, heads: 1, headSize: 4 };
    gpu.choices.set(attentionKey(shape), 'alone1');
    expect(chooseAttention(gpu, shape).name).toBe('alone1');
    gpu.choices.set(attentionKey(shape), 'of another version');
    expect(attentionVariantsFor(gpu, shape)).toContain(chooseAttention(gpu, shape));
    gpu.choices.delete(attentionKey(shape));
  });

  it('refuses tensors whose length does not fit the shape, and key heads that do not divide the heads', () => {
    const x = gpu.tensor([12], 'f32', 'x');
    const shape = { batch: 1, sequence: 2, heads: 1, headSize: 2 };
    expect(() => attention(gpu, { qkv: x, out: x, lse: x, ...shape })).toThrow(/not f32 x 4/);
    expect(() => attention(gpu, { qkv: x, out: x, lse: x, ...shape, heads: 3, kvHeads: 2 })).toThrow(
      /2 key heads of 3/,
    );
    gpu.free(x);
  });
});
