import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { matmulReference } from './matmul.reference.ts';
import { variantsFor, type EpilogueKind, type MatmulVariant } from './matmul-source.ts';
import { matmul } from './matmul.ts';
import { swigluBackwardReference, swigluReference } from './swiglu.reference.ts';

const gpu = await openTestGpu();
const bound = 1e-5;
/** m, n, k: with whole tiles, past their edges, and smaller than any. */
const sizes: readonly (readonly [number, number, number])[] = [
  [64, 128, 64],
  [33, 70, 17],
  [130, 258, 9],
  [3, 2, 5],
];
const offered = (epilogue: EpilogueKind): readonly MatmulVariant[] =>
  variantsFor(gpu, { m: 1, n: 2, k: 1, transpose: 'nt', epilogue, accumulate: false });

function operands(seed: number, m: number, n: number, k: number) {
  const random = new SeededRandom(seed);
  const [aValues, bValues] = [randomNormal(random, m * k), randomNormal(random, n * k)];
  return {
    ...{ random, aValues, bValues },
    a: gpu.tensor([m, k], 'f32', 'a', aValues),
    b: gpu.tensor([n, k], 'f32', 'b', bValues),
  };
}

describe('a product with an epilogue', () => {
  it.each(offered('residual'))('adds the residual stream, by $name', async (variant) => {
    for (const [m, n, k] of sizes) {
      const { random, a, b, aValues, bValues } = operands(m + n + k, m, n, k);
      const before = randomNormal(random, m * n);
      const add = gpu.tensor([m, n], 'f32', 'add', before);
      const out = gpu.tensor([m, n], 'f32', 'out', poisoned(m * n));
      const shape = { m, n, k, transpose: 'nt' } as const;
      gpu.submit([matmul(gpu, { a, b, out, ...shape, variant, epilogue: { kind: 'residual', add } })]);
      const expected = matmulReference(aValues, bValues, shape).map((value, i) => value + before[i]);
      expect(relativeL2(await gpu.readF32(out), expected), `${m} ${n} ${k}`).toBeLessThanOrEqual(bound);
      gpu.free(a, b, add, out);
    }
  });

  it.each(offered('swiglu'))('keeps gate and value and activates them, by $name', async (variant) => {
    for (const [m, n, k] of sizes) {
      const { a, b, aValues, bValues } = operands(m + n + k, m, n, k);
      const out = gpu.tensor([m, n], 'f32', 'out', poisoned(m * n));
      const activated = gpu.tensor([m, n / 2], 'f32', 'activated', poisoned((m * n) / 2));
      const shape = { m, n, k, transpose: 'nt' } as const;
      gpu.submit([matmul(gpu, { a, b, out, ...shape, variant, epilogue: { kind: 'swiglu', activated } })]);
      const product = matmulReference(aValues, bValues, shape);
      expect(relativeL2(await gpu.readF32(out), product), `${m} ${n} ${k}`).toBeLessThanOrEqual(bound);
      const expected = swigluReference(product, m, n / 2);
      expect(relativeL2(await gpu.readF32(activated), expected), `${m} ${n} ${k}`).toBeLessThanOrEqual(bound);
      gpu.free(a, b, out, activated);
    }
  });

  it.each(offered('swiglu-backward'))('goes back through the activation, by $name', async (variant) => {
    for (const [m, n, k] of sizes) {
      const { random, a, b, aValues, bValues } = operands(m + n + k, m, n, k);
      const pairs = randomNormal(random, 2 * m * n);
      const gateUp = gpu.tensor([m, 2 * n], 'f32', 'gateUp', pairs);
      const out = gpu.tensor([m, 2 * n], 'f32', 'out', poisoned(2 * m * n));
      const shape = { m, n, k, transpose: 'nt' } as const;
      const activated = gpu.tensor([m, n], 'f32', 'activated', poisoned(m * n));
      const epilogue = { kind: 'swiglu-backward', gateUp, activated } as const;
      gpu.submit([matmul(gpu, { a, b, out, ...shape, variant, epilogue })]);
      const expected = swigluBackwardReference(pairs, matmulReference(aValues, bValues, shape), m, n);
      expect(relativeL2(await gpu.readF32(out), expected), `${m} ${n} ${k}`).toBeLessThanOrEqual(bound);
      const again = swigluReference(pairs, m, n);
      expect(relativeL2(await gpu.readF32(activated), again), `${m} ${n} ${k}`).toBeLessThanOrEqual(bound);
      gpu.free(a, b, gateUp, out, activated);
    }
  });

  it('stays finite and exact in the limit for gates far from zero, forward and back', async () => {
    const gates = [-2000, -200, -89, 89, 200, 2000];
    const ramp = gates.map((gate) => Math.max(0, gate));
    const steps = gates.map((gate) => (gate > 0 ? 1 : 0));
    const n = gates.length;
    const [variant] = offered('swiglu');
    // One row of one factor: the product is `b`, gates and then values of 1.
    const one = gpu.tensor([1, 1], 'f32', 'one', Float32Array.of(1));
    const pairs = Float32Array.from([...gates, ...gates.map(() => 1)]);
    const gateUp = gpu.tensor([1, 2 * n], 'f32', 'gateUp', pairs);
    const ones = gpu.tensor([n, 1], 'f32', 'ones', new Float32Array(n).fill(1));
    const out = gpu.tensor([1, 2 * n], 'f32', 'out', poisoned(2 * n));
    const activated = gpu.tensor([1, n], 'f32', 'activated', poisoned(n));
    const shape = { m: 1, k: 1, transpose: 'nt', variant, a: one, out } as const;
    const farFrom = (made: Float32Array, wanted: readonly number[]): number =>
      Math.max(...wanted.map((value, i) => Math.abs(made[i] - value)));
    const forward = { kind: 'swiglu', activated } as const;
    gpu.submit([matmul(gpu, { ...shape, b: gateUp, n: 2 * n, epilogue: forward })]);
    expect(farFrom(await gpu.readF32(activated), ramp)).toBeLessThan(1e-30);
    const back = { kind: 'swiglu-backward', gateUp, activated } as const;
    gpu.submit([matmul(gpu, { ...shape, b: ones, n, epilogue: back })], [activated]);
    expect(farFrom(await gpu.readF32(activated), ramp)).toBeLessThan(1e-30);
    expect(farFrom(await gpu.readF32(out), [...steps, ...ramp])).toBeLessThan(1e-30);
    gpu.free(one, gateUp, ones, out, activated);
  });

  it('refuses to accumulate besides', () => {
    const { a, b } = operands(1, 2, 2, 2);
    const add = gpu.tensor([2, 2], 'f32', 'add');
    const product = { a, b, out: add, m: 2, n: 2, k: 2, transpose: 'nt', accumulate: true } as const;
    expect(() => matmul(gpu, { ...product, epilogue: { kind: 'residual', add } })).toThrow(/accumulates/);
    gpu.free(a, b, add);
  });
});
