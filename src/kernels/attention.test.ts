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

describe('attention', () => {
  const draw = new SeededRandom(77);
  const drawn = Array.from({ length: 3 }, (): [number, number, number, number] => [
    1 + draw.below(3),
    1 + draw.below(90),
    1 + draw.below(3),
    2 + 2 * draw.below(20),
  ]);
  const sizes = [[1, 1, 1, 2], [4, 64, 4, 16], [1, 257, 1, 64], [2, 33, 3, 24], [1, 20, 2, 128], ...drawn];
  const cases = sizes.flatMap(([batch, sequence, heads, headSize]) =>
    attentionVariantsFor(gpu, { headSize }).map(
      (variant) => [batch, sequence, heads, headSize, variant.name, variant] as const,
    ),
  );
  it.each(cases)(
    'agrees with float64 within 1e-5, forward and backward, batch=%i sequence=%i heads=%i headSize=%i, %s',
    async (batch, sequence, heads, headSize, _, variant) => {
      const seed = batch + 5 * sequence + 1000 * heads + 10_000 * headSize;
      const random = new SeededRandom(seed);
      const shape = { batch, sequence, heads, headSize };
      const length = batch * sequence * heads * headSize;
      const qkv = randomNormal(random, 3 * length);
      const dOut = randomNormal(random, length);
      const actual = await run(shape, qkv, dOut, variant);
      const gradient = attentionBackwardReference(qkv, dOut, shape);
      expectClose(shape, actual, attentionReference(qkv, shape), gradient, seed);
    },
  );

  const offered = attentionVariantsFor(gpu, { headSize: 10 }).map(
    (variant) => [variant.name, variant] as const,
  );
  describe.each(offered)('by %s', (_, variant) => {
    it.each([
      [2, 37, 4, 2, 10],
      [1, 70, 6, 2, 12],
      [1, 21, 3, 1, 16],
      [1, 50, 2, 2, 6],
    ])(
      'turns q and k itself, or takes them turned, and lets heads share keys: batch=%i sequence=%i heads=%i kvHeads=%i headSize=%i',
      async (batch, sequence, heads, kvHeads, headSize) => {
        const seed = batch + 7 * sequence + 1000 * heads + 10_000 * headSize;
        const random = new SeededRandom(seed);
        const shape = { batch, sequence, heads, kvHeads, headSize };
        const qkv = randomNormal(random, batch * sequence * (heads + 2 * kvHeads) * headSize);
        const dOut = randomNormal(random, batch * sequence * heads * headSize);
        const straight = rotaryReference(qkv, shape);
        const expected = attentionReference(straight, shape);
        const gradient = rotaryReference(attentionBackwardReference(straight, dOut, shape), {
          ...shape,
          inverse: true,
        });
        for (const turned of [false, true]) {
          expectClose(shape, await run(shape, qkv, dOut, variant, turned), expected, gradient, seed);
        }
      },
    );

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

    it('looks at no later position', async () => {
      const shape = { batch: 1, sequence: 40, heads: 2, headSize: 8 };
      const random = new SeededRandom(3);
      const qkv = randomNormal(random, 40 * 48);
      const changed = qkv.slice();
      changed.set(randomNormal(random, 15 * 48), 25 * 48); // positions 25 and later
      const dOut = randomNormal(random, 40 * 16);
      const before = await run(shape, qkv, dOut, variant);
      const after = await run(shape, changed, dOut, variant);
      expect(after.out.slice(0, 25 * 16)).toEqual(before.out.slice(0, 25 * 16));
      expect(after.out.slice(25 * 16)).not.toEqual(before.out.slice(25 * 16));
    });

    it('stays finite and right where scores reach thousands', async () => {
      const shape = { batch: 1, sequence: 30, heads: 1, headSize: 16 };
      const random = new SeededRandom(4);
      const qkv = randomNormal(random, 30 * 48, 30);
      const actual = await run(shape, qkv, randomNormal(random, 30 * 16), variant);
      const expected = attentionReference(qkv, shape);
      expect(Math.max(...expected.lse)).toBeGreaterThan(1000);
      expect(relativeL2(actual.out, expected.out)).toBeLessThanOrEqual(1e-3); // f32 scores of 1000 carry 1e-4
      expect(relativeL2(actual.lse, expected.lse)).toBeLessThanOrEqual(bound);
      expect(actual.dQkv.every(Number.isFinite)).toBe(true);
    });
  });

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
