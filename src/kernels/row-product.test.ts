import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { matmulReference } from './matmul.reference.ts';
import { residualAddReference } from './residual-add.reference.ts';
import { rowProduct } from './row-product.ts';
import { swigluReference } from './swiglu.reference.ts';

const gpu = await openTestGpu();
const bound = 1e-5;

describe('one row times a matrix', () => {
  const sizes = [
    [1, 2],
    [3, 10],
    [64, 192],
    [100, 258],
    [320, 66],
  ];
  it.each(sizes.flatMap(([k, n]) => ([1, 16] as const).map((lanes) => [k, n, lanes] as const)))(
    'agrees with float64 within 1e-5, alone and with what follows it, k=%i n=%i lanes=%i',
    async (k, n, lanes) => {
      const seed = k + 1000 * n;
      const random = new SeededRandom(seed);
      const [xs, ws, adds] = [k, n * k, n].map((length) => randomNormal(random, length));
      const product = matmulReference(xs, ws, { m: 1, n, k, transpose: 'nt' });
      const x = gpu.tensor([1, k], 'f32', 'x', xs);
      const w = gpu.tensor([n, k], 'f32', 'w', ws);
      const add = gpu.tensor([1, n], 'f32', 'add', adds);
      const cases = [
        { options: {}, expected: product },
        { options: { add }, expected: residualAddReference(product, adds) },
        { options: { swiglu: true }, expected: swigluReference(product, 1, n / 2) },
      ];
      for (const { options, expected } of cases) {
        const out = gpu.tensor([expected.length], 'f32', 'out', poisoned(expected.length));
        gpu.submit([rowProduct(gpu, { x, w, out, lanes, ...options })]);
        expect(relativeL2(await gpu.readF32(out), expected), `seed ${seed}`).toBeLessThanOrEqual(bound);
        gpu.free(out);
      }
      gpu.free(x, w, add);
    },
  );

  it('refuses lengths that do not fit', () => {
    const x = gpu.tensor([4], 'f32', 'x');
    expect(() => rowProduct(gpu, { x, w: x, out: x })).toThrow(/has 4 elements, not 1/);
    gpu.free(x);
  });
});
