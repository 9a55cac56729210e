import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { asHalves, halfBound, offersHalves } from '../testing/halves.ts';
import { attentionDecode } from './attention-decode.ts';
import { attentionReference } from './attention.reference.ts';
import { rotaryReference } from './rotary.reference.ts';
import { rotaryTable } from './rotary.ts';

const gpu = await openTestGpu();
const bound = 1e-5;

describe('attention of one row over a cache', () => {
  it.each([
    [1, 1, 1, 2, 0],
    [64, 4, 4, 16, 0],
    [64, 4, 4, 16, 33],
    [64, 4, 4, 16, 63],
    [50, 6, 2, 10, 49],
    [300, 2, 1, 64, 257],
    [20, 2, 2, 128, 19],
  ])(
    'agrees with float64 within 1e-5, rows=%i heads=%i kvHeads=%i headSize=%i position=%i',
    async (sequence, heads, kvHeads, headSize, position) => {
      const seed = sequence + 1000 * heads + 10_000 * headSize + position;
      const random = new SeededRandom(seed);
      const shape = { batch: 1, sequence, heads, kvHeads, headSize };
      const packed = (heads + 2 * kvHeads) * headSize;
      const [newest, end] = [position * packed, (position + 1) * packed];
      const raw = randomNormal(random, sequence * packed);
      const turned = rotaryReference(raw, shape);
      const values = Float32Array.from(turned); // the rows before are turned, the newest is not, and later ones are anything
      values.set(raw.subarray(newest, end), newest);
      values.fill(NaN, end);

      const cache = gpu.tensor([sequence, packed], 'f32', 'cache', values);
      const table = gpu.tensor([sequence, headSize / 2, 2], 'f32', 'table', rotaryTable(sequence, headSize));
      const at = gpu.tensor([1], 'u32', 'position', Uint32Array.of(position));
      const out = gpu.tensor([1, heads * headSize], 'f32', 'out', poisoned(heads * headSize));
      gpu.submit([attentionDecode(gpu, { heads, kvHeads, headSize, cache, table, position: at, out })]);

      const expected = attentionReference(turned, shape).out;
      const row = expected.slice(position * heads * headSize, (position + 1) * heads * headSize);
      expect(relativeL2(await gpu.readF32(out), row), `out, seed ${seed}`).toBeLessThanOrEqual(bound);
      const after = await gpu.readF32(cache);
      const [keys, keysEnd] = [newest + heads * headSize, newest + (heads + kvHeads) * headSize];
      expect(relativeL2(after.slice(keys, keysEnd), turned.slice(keys, keysEnd))).toBeLessThanOrEqual(1e-6);
      values.set(after.subarray(keys, keysEnd), keys);
      expect(after, 'all else in the cache is as it was').toEqual(values);
      gpu.free(cache, table, at, out);
    },
  );

  if (offersHalves(gpu)) {
    it('agrees with float64 within 1e-3 over a cache in f16', async () => {
      const shape = { batch: 1, sequence: 40, heads: 4, kvHeads: 2, headSize: 10 };
      const { sequence, heads, kvHeads, headSize } = shape;
      const packed = (heads + 2 * kvHeads) * headSize;
      const raw = randomNormal(new SeededRandom(41), sequence * packed);
      const turned = rotaryReference(raw, shape);
      const values = Float32Array.from(turned);
      values.set(raw.subarray((sequence - 1) * packed), (sequence - 1) * packed);
      const cache = gpu.tensor([sequence, packed], 'f16', 'cache', asHalves(values));
      const table = gpu.tensor([sequence, headSize / 2, 2], 'f32', 'table', rotaryTable(sequence, headSize));
      const position = gpu.tensor([1], 'u32', 'position', Uint32Array.of(sequence - 1));
      const out = gpu.tensor([heads * headSize], 'f16', 'out', poisoned(heads * headSize));
      gpu.submit([attentionDecode(gpu, { heads, kvHeads, headSize, cache, table, position, out })]);
      const expected = attentionReference(turned, shape).out.slice(-heads * headSize);
      expect(relativeL2(await gpu.readF32(out), expected), 'seed 41').toBeLessThanOrEqual(halfBound);
      gpu.free(cache, table, position, out);
    });
  }

  it('refuses a cache that does not fit its angles', () => {
    const [x, one] = [gpu.tensor([24], 'f32', 'x'), gpu.tensor([1], 'u32', 'one')];
    const operands = { heads: 1, headSize: 4, cache: x, table: x, position: one, out: x };
    expect(() => attentionDecode(gpu, operands)).toThrow(/24 angles for 2 rows/);
    gpu.free(x, one);
  });
});
