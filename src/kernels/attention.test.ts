import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import {
  attentionBackwardReference,
  attentionReference,
  type AttentionShape,
} from './attention.reference.ts';
import { attention, attentionBackward } from './attention.ts';

const gpu = await openTestGpu();
const bound = 1e-5;

/** Runs both passes on poisoned outputs and reads back out, lse and dQkv. */
async function run(
  shape: AttentionShape,
  qkvValues: Float32Array<ArrayBuffer>,
  dOutValues: Float32Array<ArrayBuffer>,
) {
  const { batch, sequence, heads, headSize } = shape;
  const [rows, width, queries] = [batch * sequence, heads * headSize, batch * heads * sequence];
  const qkv = gpu.tensor([rows, 3 * width], 'f32', 'qkv', qkvValues);
  const out = gpu.tensor([rows, width], 'f32', 'out', poisoned(rows * width));
  const lse = gpu.tensor([batch, heads, sequence], 'f32', 'lse', poisoned(queries));
  const dOut = gpu.tensor([rows, width], 'f32', 'dOut', dOutValues);
  const dQkv = gpu.tensor([rows, 3 * width], 'f32', 'dQkv', poisoned(rows * 3 * width));
  const delta = gpu.tensor([batch, heads, sequence], 'f32', 'delta', poisoned(queries));
  gpu.submit([
    attention(gpu, { qkv, out, lse, ...shape }),
    ...attentionBackward(gpu, { qkv, out, lse, dOut, dQkv, delta, ...shape }),
  ]);
  const result = {
    out: await gpu.readF32(out),
    lse: await gpu.readF32(lse),
    dQkv: await gpu.readF32(dQkv),
  };
  gpu.free(qkv, out, lse, dOut, dQkv, delta);
  return result;
}

describe('attention', () => {
  const draw = new SeededRandom(77);
  const drawn = Array.from({ length: 3 }, (): [number, number, number, number] => [
    1 + draw.below(3),
    1 + draw.below(90),
    1 + draw.below(3),
    2 + 2 * draw.below(20),
  ]);
  it.each([[1, 1, 1, 2], [4, 64, 4, 16], [1, 257, 1, 64], [2, 33, 3, 24], [1, 20, 2, 128], ...drawn])(
    'agrees with float64 within 1e-5, forward and backward, batch=%i sequence=%i heads=%i headSize=%i',
    async (batch, sequence, heads, headSize) => {
      const seed = batch + 5 * sequence + 1000 * heads + 10_000 * headSize;
      const random = new SeededRandom(seed);
      const shape = { batch, sequence, heads, headSize };
      const length = batch * sequence * heads * headSize;
      const qkv = randomNormal(random, 3 * length);
      const dOut = randomNormal(random, length);
      const actual = await run(shape, qkv, dOut);
      const expected = attentionReference(qkv, shape);
      const gradient = attentionBackwardReference(qkv, dOut, shape);
      expect(relativeL2(actual.out, expected.out), `out, seed ${seed}`).toBeLessThanOrEqual(bound);
      expect(relativeL2(actual.lse, expected.lse), `lse, seed ${seed}`).toBeLessThanOrEqual(bound);
      expect(relativeL2(actual.dQkv, gradient), `dQkv, seed ${seed}`).toBeLessThanOrEqual(bound);
      // dq and dk can hide behind a larger dv, so each third keeps the bound by itself.
      const width = heads * headSize;
      for (const [third, name] of ['dq', 'dk', 'dv'].entries()) {
        const ofThird = (_: number, i: number): boolean => Math.floor(i / width) % 3 === third;
        // With one position dq and dk are zero, and the bound is on their size.
        const error = relativeL2(actual.dQkv.filter(ofThird), gradient.filter(ofThird));
        expect(error, `${name}, seed ${seed}`).toBeLessThanOrEqual(bound);
      }
    },
  );

  it('looks at no later position', async () => {
    const shape = { batch: 1, sequence: 40, heads: 2, headSize: 8 };
    const random = new SeededRandom(3);
    const qkv = randomNormal(random, 40 * 48);
    const changed = qkv.slice();
    changed.set(randomNormal(random, 15 * 48), 25 * 48); // positions 25 and later
    const dOut = randomNormal(random, 40 * 16);
    const before = await run(shape, qkv, dOut);
    const after = await run(shape, changed, dOut);
    expect(after.out.slice(0, 25 * 16)).toEqual(before.out.slice(0, 25 * 16));
    expect(after.out.slice(25 * 16)).not.toEqual(before.out.slice(25 * 16));
  });

  it('stays finite and right where scores reach thousands', async () => {
    const shape = { batch: 1, sequence: 30, heads: 1, headSize: 16 };
    const random = new SeededRandom(4);
    const qkv = randomNormal(random, 30 * 48, 30);
    const actual = await run(shape, qkv, randomNormal(random, 30 * 16));
    const expected = attentionReference(qkv, shape);
    expect(Math.max(...expected.lse)).toBeGreaterThan(1000);
    expect(relativeL2(actual.out, expected.out)).toBeLessThanOrEqual(1e-3); // f32 scores of 1000 carry 1e-4
    expect(relativeL2(actual.lse, expected.lse)).toBeLessThanOrEqual(bound);
    expect(actual.dQkv.every(Number.isFinite)).toBe(true);
  });

  it('refuses tensors whose length does not fit the shape', () => {
    const x = gpu.tensor([12], 'f32', 'x');
    const shape = { batch: 1, sequence: 2, heads: 1, headSize: 2 };
    expect(() => attention(gpu, { qkv: x, out: x, lse: x, ...shape })).toThrow(/not f32 x 4/);
    gpu.free(x);
  });
});
