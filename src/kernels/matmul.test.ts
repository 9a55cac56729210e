import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { matmulReference, type MatmulShape, type Transpose } from './matmul.reference.ts';
import { variantsFor, type MatmulVariant } from './matmul-source.ts';
import { matmul } from './matmul.ts';

const gpu = await openTestGpu();
const bound = 1e-5;
const transposes: readonly Transpose[] = ['nn', 'nt', 'tn'];

const variants = variantsFor(gpu, {
  m: 1,
  n: 1,
  k: 1,
  transpose: 'nn',
  epilogue: 'plain',
  accumulate: false,
});

async function product(
  seed: number,
  shape: MatmulShape,
  accumulate: boolean,
  variant?: MatmulVariant,
): Promise<number> {
  const { m, n, k } = shape;
  const random = new SeededRandom(seed);
  const aValues = randomNormal(random, m * k);
  const bValues = randomNormal(random, k * n);
  const before = accumulate ? randomNormal(random, m * n, 3) : poisoned(m * n);
  const a = gpu.tensor([m * k], 'f32', 'a', aValues);
  const b = gpu.tensor([k * n], 'f32', 'b', bValues);
  const out = gpu.tensor([m, n], 'f32', 'out', before);
  const chosen = variant === undefined ? {} : { variant };
  gpu.submit([matmul(gpu, { a, b, out, ...shape, accumulate, ...chosen })]);
  const actual = await gpu.readF32(out);
  gpu.free(a, b, out);
  const expected = matmulReference(aValues, bValues, shape);
  return relativeL2(actual, accumulate ? expected.map((value, i) => value + before[i]) : expected);
}

describe('matmul', () => {
  const fixed: [number, number, number][] = [
    [1, 1, 1],
    [1, 257, 3],
    [130, 1, 65],
    [5, 4096, 1],
    [33, 65, 127],
    [64, 64, 256],
    [67, 131, 33],
    [256, 192, 64],
  ];
  /** Smaller than a tile, past one, and not a multiple of anything. */
  const edges: typeof fixed = [
    [1, 1, 1],
    [130, 1, 65],
    [5, 40, 1],
    [33, 65, 127],
    [67, 131, 33],
  ];
  /** Likewise, and in fours. Pipelines with workgroup memory take seconds to compile here. */
  const blockEdges: typeof fixed = [
    [130, 1, 65],
    [33, 65, 127],
    [68, 132, 36],
  ];
  const draw = new SeededRandom(2001);
  const drawn = Array.from({ length: 4 }, (): [number, number, number] => [
    1 + draw.below(100),
    1 + draw.below(150),
    1 + draw.below(200),
  ]);
  for (const transpose of transposes) {
    it.each([...fixed, ...drawn])(
      `agrees with float64 within 1e-5, ${transpose} m=%i n=%i k=%i`,
      async (m, n, k) => {
        const seed = m + 7 * n + 31 * k;
        expect(await product(seed, { m, n, k, transpose }, false), `seed ${seed}`).toBeLessThanOrEqual(bound);
      },
    );

    it.each(fixed.slice(3, 6))(
      `adds to its output within 1e-5, ${transpose} m=%i n=%i k=%i`,
      async (m, n, k) => {
        const seed = m + 7 * n + 31 * k + 1;
        expect(await product(seed, { m, n, k, transpose }, true), `seed ${seed}`).toBeLessThanOrEqual(bound);
      },
    );

    it.each(variants)(`agrees with float64 within 1e-5 and adds, by $name, ${transpose}`, async (variant) => {
      for (const [m, n, k] of variant.inBlocks ? blockEdges : edges) {
        const seed = m + 11 * n + 31 * k;
        const add = seed % 2 === 0;
        const error = await product(seed, { m, n, k, transpose }, add, variant);
        expect(error, `seed ${seed}, m=${m} n=${n} k=${k}`).toBeLessThanOrEqual(bound);
      }
    });
  }

  it.each(variants)('makes several products at once, by $name', async (variant) => {
    const [batch, m, n, k] = [3, 9, 12, 40];
    const random = new SeededRandom(7);
    const values = [m * k, k * n, m * n].map((length) => randomNormal(random, batch * length));
    const [a, b, add] = values.map((all, i) => gpu.tensor([all.length], 'f32', `operand ${i}`, all));
    const out = gpu.tensor([batch, m, n], 'f32', 'out', poisoned(batch * m * n));
    const shape: MatmulShape = { m, n, k, transpose: 'nt' };
    gpu.submit([matmul(gpu, { a, b, out, batch, ...shape, variant, epilogue: { kind: 'residual', add } })]);
    const actual = await gpu.readF32(out);
    for (let i = 0; i < batch; i++) {
      const [own, ownB, before] = values.map((all) => {
        const length = all.length / batch;
        return all.subarray(i * length, (i + 1) * length);
      });
      const expected = matmulReference(own, ownB, shape).map((value, at) => value + before[at]);
      const made = actual.subarray(i * m * n, (i + 1) * m * n);
      expect(relativeL2(made, expected), `product ${i}`).toBeLessThanOrEqual(bound);
    }
    gpu.free(a, b, add, out);
  });

  it('parts a long sum among threads, always alike', async () => {
    const shape: MatmulShape = { m: 24, n: 16, k: 4100, transpose: 'tn' };
    const variant = variants.find(({ name }) => name === 'split');
    if (variant === undefined) throw new Error('split needs nothing, so every device has it');
    const random = new SeededRandom(8);
    const aValues = randomNormal(random, 24 * 4100);
    const bValues = randomNormal(random, 16 * 4100);
    const a = gpu.tensor([4100, 24], 'f32', 'a', aValues);
    const b = gpu.tensor([4100, 16], 'f32', 'b', bValues);
    const outs = ['first', 'second'].map((name) => gpu.tensor([24, 16], 'f32', name, poisoned(384)));
    gpu.submit(outs.map((out) => matmul(gpu, { a, b, out, ...shape, variant })));
    const [first, second] = [await gpu.readF32(outs[0]), await gpu.readF32(outs[1])];
    expect(relativeL2(first, matmulReference(aValues, bValues, shape))).toBeLessThanOrEqual(bound);
    expect(second).toEqual(first);
    gpu.free(a, b, ...outs);
  });

  it('keeps the bound over a long sum of positive terms (k = 4096)', async () => {
    const random = new SeededRandom(5);
    const shape: MatmulShape = { m: 9, n: 70, k: 4096, transpose: 'nt' };
    const aValues = Float32Array.from({ length: 9 * 4096 }, () => random.float());
    const bValues = Float32Array.from({ length: 70 * 4096 }, () => random.float());
    const a = gpu.tensor([9, 4096], 'f32', 'a', aValues);
    const b = gpu.tensor([70, 4096], 'f32', 'b', bValues);
    const out = gpu.tensor([9, 70], 'f32', 'out', poisoned(630));
    gpu.submit([matmul(gpu, { a, b, out, ...shape })]);
    const expected = matmulReference(aValues, bValues, shape);
    expect(relativeL2(await gpu.readF32(out), expected)).toBeLessThanOrEqual(bound);
    gpu.free(a, b, out);
  });

  it('writes nothing outside its output', async () => {
    const shape: MatmulShape = { m: 9, n: 7, k: 5, transpose: 'nn' };
    const random = new SeededRandom(6);
    const whole = gpu.tensor([192], 'f32', 'whole', poisoned(192));
    const a = gpu.tensor([45], 'f32', 'a', randomNormal(random, 45));
    const b = gpu.tensor([35], 'f32', 'b', randomNormal(random, 35));
    const out = { ...whole, offset: 256, shape: [9, 7], length: 63 };
    gpu.submit([matmul(gpu, { a, b, out, ...shape })]);
    const after = await gpu.readF32(whole);
    expect(after.slice(0, 64)).toEqual(poisoned(64));
    expect(after.slice(127)).toEqual(poisoned(65));
    expect(after.slice(64, 127)).not.toContain(poisoned(1)[0]);
    gpu.free(a, b, whole);
  });

  it('refuses tensors whose length does not fit the sizes', () => {
    const a = gpu.tensor([6], 'f32', 'a');
    expect(() => matmul(gpu, { a, b: a, out: a, m: 2, n: 2, k: 2, transpose: 'nn' })).toThrow(/a has 6/);
    gpu.free(a);
  });
});
