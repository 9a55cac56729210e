import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../base/half.ts';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { matmulReference, type MatmulShape } from './matmul.reference.ts';
import { variantsFor, type EpilogueKind, type MatmulVariant } from './matmul-source.ts';
import { matmul, type Epilogue, type MatmulOperands } from './matmul.ts';
import type { StoredType } from './stored-type.ts';
import { swigluBackwardReference, swigluReference } from './swiglu.reference.ts';

const gpu = await openTestGpu();
const bound = { f32: 1e-5, f16: 1e-3 } as const;
/** Only what the device offers is defined, so that a device without f16 shows no test of it as passed. */
const types: readonly StoredType[] = gpu.device.features.has('shader-f16') ? ['f32', 'f16'] : ['f32'];
/** a, b, out, beside. */
const mixtures = types.flatMap((a) =>
  types.flatMap((b) => types.flatMap((out) => types.map((beside) => ({ a, b, out, beside }) as const))),
);
/** Whole and in fours, and past the edge of a tile. */
const sizes: readonly (readonly [number, number, number])[] = [
  [72, 64, 40],
  [33, 70, 17],
];
/** `staged` is the text of `staged64`, and takes seconds to compile. */
const offered = (epilogue: EpilogueKind): readonly MatmulVariant[] =>
  variantsFor(gpu, { m: 1, n: 2, k: 1, transpose: 'nt', epilogue, accumulate: false }).filter(
    ({ name }) => name !== 'staged',
  );

const halves = (random: SeededRandom, length: number): Float32Array<ArrayBuffer> =>
  randomNormal(random, length).map((value) => fromHalf(toHalf(value)));

/** One product of exact halves, its operands stored as `stored`, and what came of it beside what float64 makes. */
async function run(
  [m, n, k]: readonly [number, number, number],
  kind: EpilogueKind,
  stored: (typeof mixtures)[number],
  options: Pick<MatmulOperands, 'scale' | 'transpose'> & { readonly accumulate?: boolean },
  variant: MatmulVariant,
): Promise<readonly { readonly type: StoredType; readonly error: number }[]> {
  const random = new SeededRandom(m + 7 * n + 31 * k);
  const { scale = 1, transpose, accumulate = false } = options;
  const shape: MatmulShape = { m, n, k, transpose };
  const wide = kind === 'swiglu-backward' ? 2 * n : n;
  const [aValues, bValues] = [halves(random, m * k), halves(random, n * k)];
  const besideLength = kind === 'plain' ? 1 : kind === 'swiglu' ? (m * n) / 2 : m * wide;
  const besideValues = halves(random, besideLength);
  const before = accumulate ? halves(random, m * n) : poisoned(m * wide);
  const a = gpu.tensor([m * k], stored.a, 'a', aValues);
  const b = gpu.tensor([n * k], stored.b, 'b', bValues);
  const out = gpu.tensor([m, wide], stored.out, 'out', before);
  const beside = gpu.tensor([besideLength], stored.beside, 'beside', besideValues);
  const again = gpu.tensor([m * n], stored.beside, 'activated', poisoned(m * n)); // of `swiglu-backward`
  const epilogue: Epilogue | undefined =
    kind === 'plain'
      ? undefined
      : kind === 'residual'
        ? { kind, add: beside }
        : kind === 'swiglu'
          ? { kind, activated: beside }
          : { kind, gateUp: beside, activated: again };
  const rest = epilogue === undefined ? { accumulate } : { epilogue };
  gpu.submit([matmul(gpu, { a, b, out, ...shape, scale, variant, ...rest })]);
  const product = matmulReference(aValues, bValues, shape).map((value) => scale * value);
  const expected =
    kind === 'plain'
      ? product.map((value, i) => value + (accumulate ? before[i] : 0))
      : kind === 'residual'
        ? product.map((value, i) => value + besideValues[i])
        : kind === 'swiglu'
          ? product
          : swigluBackwardReference(besideValues, product, m, n);
  const results = [{ type: stored.out, error: relativeL2(await gpu.readF32(out), expected) }];
  if (kind === 'swiglu')
    results.push({
      type: stored.beside,
      error: relativeL2(await gpu.readF32(beside), swigluReference(product, m, n / 2)),
    });
  if (kind === 'swiglu-backward')
    results.push({
      type: stored.beside,
      error: relativeL2(await gpu.readF32(again), swigluReference(besideValues, m, n)),
    });
  gpu.free(a, b, out, beside, again);
  return results;
}

describe('a product whose tensors are f32 or f16, scaled', () => {
  const name = ({ a, b, out, beside }: (typeof mixtures)[number]): string => `${a} ${b} ${out} ${beside}`;
  const plain = mixtures.filter(({ beside }) => beside === 'f32');
  it.each(plain.flatMap((stored) => offered('plain').map((variant) => ({ stored, variant }))))(
    'agrees with float64 and adds, $stored.a $stored.b $stored.out by $variant.name',
    async ({ stored, variant }) => {
      const turn = plain.indexOf(stored) + 2;
      const transpose = (['nn', 'nt', 'tn'] as const)[turn % 3];
      const size = sizes[turn % 2];
      const options = { transpose, scale: 2 ** -7, accumulate: transpose === 'tn' };
      for (const { type, error } of await run(size, 'plain', stored, options, variant))
        expect(error, `${size.join(' ')} ${transpose}`).toBeLessThanOrEqual(bound[type]);
    },
  );

  const kinds = ['residual', 'swiglu', 'swiglu-backward'] as const;
  /** Types as the model mixes them. */
  const besides = mixtures.filter(({ a, b, beside }) =>
    [a, b, beside].every((type) => type === types.at(-1)),
  );
  it.each(kinds.flatMap((kind) => offered(kind).map((variant) => ({ kind, variant }))))(
    'is followed by $kind, by $variant.name',
    async ({ kind, variant }) => {
      for (const stored of besides)
        for (const { type, error } of await run(
          [34, 70, 17],
          kind,
          stored,
          { transpose: 'nt', scale: 0.5 },
          variant,
        ))
          expect(error, name(stored)).toBeLessThanOrEqual(bound[type]);
    },
  );

  if (types.includes('f16'))
    it('stores what f16 does not hold as its largest', async () => {
      const a = gpu.tensor([2, 1], 'f16', 'a', new Float32Array([60000, -60000]));
      const b = gpu.tensor([2, 1], 'f16', 'b', new Float32Array([60000, 0.5]));
      const out = gpu.tensor([2, 2], 'f16', 'out', poisoned(4));
      gpu.submit([matmul(gpu, { a, b, out, m: 2, n: 2, k: 1, transpose: 'nt' })]);
      expect([...(await gpu.readF32(out))]).toEqual([65504, 30000, -65504, -30000]);
      gpu.free(a, b, out);
    });

  it('refuses integers and a scale that is no number', () => {
    const a = gpu.tensor([1, 1], 'f32', 'a');
    const integers = gpu.tensor([1, 1], 'i32', 'integers');
    const product = { a, b: a, out: a, m: 1, n: 1, k: 1, transpose: 'nt' } as const;
    expect(() => matmul(gpu, { ...product, b: integers })).toThrow(/neither f32 nor f16/);
    expect(() => matmul(gpu, { ...product, scale: 1e39 })).toThrow(/scale/);
    gpu.free(a, integers);
  });
});
