import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { asHalves, halfBound, offersHalves } from '../testing/halves.ts';
import { rotaryReference } from './rotary.reference.ts';
import { rotary, rotaryTable } from './rotary.ts';

const gpu = await openTestGpu();
const bound = 1e-6;

async function rotated(
  values: Float32Array<ArrayBuffer>,
  shape: Parameters<typeof rotaryReference>[1],
  dtype: 'f32' | 'f16' = 'f32',
) {
  const qkv = gpu.tensor([values.length], dtype, 'qkv', values);
  const tableValues = rotaryTable(shape.sequence, shape.headSize);
  const table = gpu.tensor([tableValues.length], 'f32', 'table', tableValues);
  gpu.submit([rotary(gpu, { qkv, table, ...shape })]);
  const actual = await gpu.readF32(qkv);
  gpu.free(qkv, table);
  return actual;
}

describe('rotary', () => {
  it.each([
    [1, 1, 1, 2],
    [2, 3, 2, 6],
    [4, 64, 4, 16],
    [1, 130, 3, 10],
    [1, 1024, 1, 64],
    [2, 37, 1, 128],
  ])(
    'agrees with float64 within 1e-6 both ways, batch=%i sequence=%i heads=%i headSize=%i',
    async (batch, sequence, heads, headSize) => {
      const seed = batch + 10 * sequence + 7 * heads + headSize;
      const values = randomNormal(new SeededRandom(seed), batch * sequence * 3 * heads * headSize);
      for (const inverse of [false, true]) {
        const shape = { sequence, heads, headSize, inverse };
        const error = relativeL2(await rotated(values, shape), rotaryReference(values, shape));
        expect(error, `seed ${seed}`).toBeLessThanOrEqual(bound);
      }
    },
  );

  if (offersHalves(gpu)) {
    it('agrees with float64 within 1e-3 in f16, both ways', async () => {
      const values = asHalves(randomNormal(new SeededRandom(31), 2 * 37 * 5 * 10));
      for (const inverse of [false, true]) {
        const shape = { sequence: 37, heads: 3, kvHeads: 1, headSize: 10, inverse };
        const error = relativeL2(await rotated(values, shape, 'f16'), rotaryReference(values, shape));
        expect(error, 'seed 31').toBeLessThanOrEqual(halfBound);
      }
    });
  }

  it('turns the keys of fewer heads, and not their values', async () => {
    const shape = { sequence: 9, heads: 4, kvHeads: 2, headSize: 6 };
    const values = randomNormal(new SeededRandom(21), 2 * 9 * 8 * 6);
    const error = relativeL2(await rotated(values, shape), rotaryReference(values, shape));
    expect(error, 'seed 21').toBeLessThanOrEqual(bound);
  });

  it('leaves the values and the first position untouched, bit for bit', async () => {
    const [sequence, heads, headSize] = [5, 2, 8];
    const width = heads * headSize;
    const values = randomNormal(new SeededRandom(11), sequence * 3 * width);
    const actual = await rotated(values, { sequence, heads, headSize });
    expect(actual.slice(0, 3 * width)).toEqual(values.slice(0, 3 * width));
    for (let row = 0; row < sequence; row++) {
      const [start, end] = [row * 3 * width + 2 * width, (row + 1) * 3 * width];
      expect(actual.slice(start, end)).toEqual(values.slice(start, end));
    }
  });

  it('makes scores depend on the distance between positions only', async () => {
    const [sequence, headSize] = [40, 16];
    const random = new SeededRandom(12);
    const query = randomNormal(random, headSize);
    const key = randomNormal(random, headSize);
    const values = new Float32Array(sequence * 3 * headSize); // the same q and k at every position
    for (let row = 0; row < sequence; row++) {
      values.set(query, row * 3 * headSize);
      values.set(key, row * 3 * headSize + headSize);
    }
    const turned = await rotated(values, { sequence, heads: 1, headSize });
    const score = (from: number, to: number): number => {
      let sum = 0;
      for (let i = 0; i < headSize; i++)
        sum += turned[from * 3 * headSize + i] * turned[to * 3 * headSize + headSize + i];
      return sum;
    };
    expect(score(30, 23)).toBeCloseTo(score(9, 2), 4);
    expect(score(39, 0)).not.toBeCloseTo(score(0, 0), 2);
  });
});
