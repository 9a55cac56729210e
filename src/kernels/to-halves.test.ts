import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { halfBound, offersHalves } from '../testing/halves.ts';
import { toHalvesReference } from './to-halves.reference.ts';
import { toHalves } from './to-halves.ts';

const gpu = await openTestGpu();

describe('toHalves', () => {
  if (offersHalves(gpu)) {
    it.each([1, 3, 64, 1030])('rounds %i values to a neighbouring f16 each', async (length) => {
      const values = randomNormal(new SeededRandom(length), length).map((value, i) => value * 2 ** (-i % 12));
      const x = gpu.tensor([length], 'f32', 'x', values);
      const out = gpu.tensor([length], 'f16', 'out', poisoned(length));
      gpu.submit([toHalves(gpu, { x, out })]);
      const actual = await gpu.readF32(out);
      expect(relativeL2(actual, values)).toBeLessThan(halfBound);
      toHalvesReference(values).forEach((nearest, i) => {
        expect(Math.abs(actual[i] - nearest)).toBeLessThanOrEqual(
          Math.max(2 ** -10 * Math.abs(nearest), 2 ** -24),
        );
      });
      gpu.free(x, out);
    });

    it('holds what is too large to the largest f16', async () => {
      const values = Float32Array.of(65504, 65519, 65536, 1e9, -1e9, 0, 1.5, -2);
      const x = gpu.tensor([8], 'f32', 'x', values);
      const out = gpu.tensor([8], 'f16', 'out', poisoned(8));
      gpu.submit([toHalves(gpu, { x, out })]);
      expect([...(await gpu.readF32(out))]).toEqual([...toHalvesReference(values)]);
      gpu.free(x, out);
    });
  }

  it('refuses tensors that do not fit together', () => {
    const [x, y] = [gpu.tensor([4], 'f32', 'x'), gpu.tensor([4], 'f32', 'y')];
    expect(() => toHalves(gpu, { x, out: y })).toThrow(/from f32 to f16/);
    gpu.free(x, y);
  });
});
