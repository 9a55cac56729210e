import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../base/half.ts';
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

  if (gpu.device.features.has('shader-f16'))
    it.each([
      ['f32', 'f16', 'f32'],
      ['f16', 'f16', 'f16'],
    ] as const)('reads and writes halves: x %s, w and add %s, out %s', async (x, w, out) => {
      const [k, n] = [100, 66];
      const random = new SeededRandom(9);
      const values = [k, n * k, n].map((length) =>
        randomNormal(random, length).map((value) => fromHalf(toHalf(value))),
      );
      const [xs, ws, adds] = values;
      const types = [x, w, w] as const;
      const [xTensor, wTensor, add] = values.map((all, i) => gpu.tensor([all.length], types[i], 'in', all));
      const made = gpu.tensor([n], out, 'out', poisoned(n));
      gpu.submit([rowProduct(gpu, { x: xTensor, w: wTensor, add, out: made })]);
      const product = matmulReference(xs, ws, { m: 1, n, k, transpose: 'nt' });
      const error = relativeL2(await gpu.readF32(made), residualAddReference(product, adds));
      expect(error).toBeLessThanOrEqual(out === 'f16' ? 1e-3 : bound);
      gpu.free(xTensor, wTensor, add, made);
    });

  it('activates gates far from zero to what they are in the limit', async () => {
    const gates = [-2000, -200, -89, 89, 200, 2000];
    const x = gpu.tensor([1], 'f32', 'x', Float32Array.of(1));
    const weights = Float32Array.from([...gates, ...gates.map(() => 1)]);
    const w = gpu.tensor([weights.length], 'f32', 'w', weights);
    const out = gpu.tensor([gates.length], 'f32', 'out', poisoned(gates.length));
    gpu.submit([rowProduct(gpu, { x, w, out, lanes: 1, swiglu: true })]);
    const made = await gpu.readF32(out);
    for (const [i, gate] of gates.entries())
      expect(Math.abs(made[i] - Math.max(0, gate)), `gate ${gate}`).toBeLessThan(1e-30);
    gpu.free(x, w, out);
  });

  it('refuses lengths that do not fit', () => {
    const x = gpu.tensor([4], 'f32', 'x');
    expect(() => rowProduct(gpu, { x, w: x, out: x })).toThrow(/has 4 elements, not 1/);
    gpu.free(x);
  });
});
