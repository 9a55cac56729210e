import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { asHalves, halfBound, offersHalves } from '../testing/halves.ts';
import { matmulReference, type MatmulShape, type Transpose } from './matmul.reference.ts';
import {
  variantsFor,
  type EpilogueKind,
  type MatmulCase,
  type MatmulVariant,
  type StoredTypes,
} from './matmul-source.ts';
import { matmul, type Epilogue } from './matmul.ts';
import type { StoredType } from './stored-type.ts';
import { swigluBackwardReference, swigluReference } from './swiglu.reference.ts';

const gpu = await openTestGpu();
const bound = { f32: 1e-5, f16: halfBound } as const;
/** Only what the device offers is defined, so that a device without f16 shows no test of it as passed. */
const types: readonly StoredType[] = offersHalves(gpu) ? ['f32', 'f16'] : ['f32'];
const mixtures: readonly StoredTypes[] = types.flatMap((a) =>
  types.flatMap((b) => types.flatMap((out) => types.map((beside) => ({ a, b, out, beside })))),
);
const transposes: readonly Transpose[] = ['nn', 'nt', 'tn'];
const offered = (epilogue: EpilogueKind): readonly MatmulVariant[] =>
  variantsFor(gpu, { m: 1, n: 2, k: 1, transpose: 'nt', epilogue, accumulate: false });

/** All that is compiled in, and where the values come from. */
interface Drawn extends Required<MatmulCase> {
  readonly seed: number;
}

/**
 * A product of the seed: sizes that are whole fours, so that operands can be loaded as vec4, or none of which is; up to past the
 * edge of the largest tile; one product or three at once; a scale; and without an epilogue perhaps added to what is there.
 */
function drawProduct(
  seed: number,
  { epilogue, ...given }: Pick<Drawn, 'transpose' | 'epilogue' | 'stored'>,
  inFours: boolean,
): Drawn {
  const random = new SeededRandom(seed);
  const size = (most: number): number =>
    4 * (1 + random.below(most / 4)) - (inFours ? 0 : 1 + random.below(3));
  const [m, k, batch] = [size(140), size(60), random.below(3) === 0 ? 3 : 1];
  const n = epilogue === 'swiglu' ? 2 * size(72) : size(140);
  const accumulate = epilogue === 'plain' && random.below(2) === 1;
  const scale = [1, 2 ** -7, -0.75][random.below(3)];
  return { ...given, ...{ m, n, k, batch, epilogue, accumulate, scale, seed } };
}

/** The product of exact halves by one variant: how far each output is from what float64 makes of them. */
async function run(drawn: Drawn, variant: MatmulVariant): Promise<void> {
  const { m, n, k, batch, epilogue: kind, stored, accumulate, scale, transpose, seed } = drawn;
  const random = new SeededRandom(seed + 1);
  const rows = batch * m;
  const wide = kind === 'swiglu-backward' ? 2 * n : n;
  const made: Tensor[] = [];
  const tensor = (type: StoredType, label: string, values: Float32Array<ArrayBuffer>): Tensor => {
    made.push(gpu.tensor([values.length], type, label, values));
    return made[made.length - 1];
  };
  const [aValues, bValues] = [rows * k, batch * n * k].map((length) =>
    asHalves(randomNormal(random, length)),
  );
  const a = tensor(stored.a, 'a', aValues);
  const b = tensor(stored.b, 'b', bValues);
  const before = accumulate ? asHalves(randomNormal(random, rows * n)) : poisoned(rows * wide);
  const out = tensor(stored.out, 'out', before);

  const product = new Float64Array(rows * n);
  for (let i = 0; i < batch; i++) {
    const [ownA, ownB] = [
      aValues.subarray(i * m * k, (i + 1) * m * k),
      bValues.subarray(i * n * k, (i + 1) * n * k),
    ];
    product.set(
      matmulReference(ownA, ownB, { m, n, k, transpose } satisfies MatmulShape).map((sum) => scale * sum),
      i * m * n,
    );
  }
  const results: { readonly tensor: Tensor; readonly expected: Float64Array }[] = [];
  const expecting = (what: Tensor, expected: Float64Array): Tensor => {
    results.push({ tensor: what, expected });
    return what;
  };
  let epilogue: Epilogue | undefined;
  switch (kind) {
    case 'plain':
      expecting(
        out,
        product.map((value, i) => value + (accumulate ? before[i] : 0)),
      );
      break;
    case 'residual': {
      const add = asHalves(randomNormal(random, rows * n));
      expecting(
        out,
        product.map((value, i) => value + add[i]),
      );
      epilogue = { kind, add: tensor(stored.beside, 'add', add) };
      break;
    }
    case 'swiglu': {
      const activated = tensor(stored.beside, 'activated', poisoned((rows * n) / 2));
      expecting(out, product);
      epilogue = { kind, activated: expecting(activated, swigluReference(product, rows, n / 2)) };
      break;
    }
    case 'swiglu-backward': {
      const pairs = asHalves(randomNormal(random, rows * wide));
      const gateUp = tensor(stored.beside, 'gateUp', pairs);
      const activated = tensor(stored.beside, 'activated', poisoned(rows * n));
      expecting(out, swigluBackwardReference(pairs, product, rows, n));
      epilogue = { kind, gateUp, activated: expecting(activated, swigluReference(pairs, rows, n)) };
      break;
    }
  }
  const after = epilogue === undefined ? { accumulate } : { epilogue };
  gpu.submit([matmul(gpu, { a, b, out, m, n, k, transpose, batch, scale, variant, ...after })]);
  for (const {
    tensor: { dtype, label },
    tensor: result,
    expected,
  } of results) {
    const error = relativeL2(await gpu.readF32(result), expected);
    expect(error, `${label} of ${JSON.stringify(drawn)}`).toBeLessThanOrEqual(
      bound[dtype === 'f16' ? 'f16' : 'f32'],
    );
  }
  gpu.free(...made);
}

describe('a product whose tensors are f32 or f16', () => {
  // A driver compiles every product anew, so a variant meets with every transpose only the mixtures that models are made of, halves alone
  // in both ways to load, and with one of them each of the others.
  const plain = mixtures.filter(({ beside }) => beside === 'f32');
  const common = plain.filter(({ a, b }) => a === types.at(-1) && b === types.at(-1));
  const others = plain.filter((stored) => !common.includes(stored));
  const ways = transposes.flatMap((transpose) => offered('plain').map((variant) => ({ transpose, variant })));
  it.each(ways.map((way, turn) => ({ ...way, name: way.variant.name, turn })))(
    'agrees with float64, and adds, whatever is stored as what: $transpose by $name',
    async ({ transpose, variant, turn }) => {
      const rest = others.filter((_, i) => i % 3 === transposes.indexOf(transpose));
      const met = [...common, ...common.slice(1), ...rest];
      for (const [i, stored] of met.entries()) {
        const inFours = (turn + i) % 2 === 0;
        await run(drawProduct(100 * turn + i, { transpose, epilogue: 'plain', stored }, inFours), variant);
      }
    },
  );

  const kinds = ['residual', 'swiglu', 'swiglu-backward'] as const;
  const endings = kinds.flatMap((epilogue) => offered(epilogue).map((variant) => ({ epilogue, variant })));
  /** As the model mixes them. */
  const usual = mixtures.filter(({ a, b, beside }) => [a, b, beside].every((type) => type === types.at(-1)));
  it.each(endings.map((ending, turn) => ({ ...ending, name: ending.variant.name, turn })))(
    'is followed by $epilogue, by $name',
    async ({ epilogue, variant, turn }) => {
      for (const [i, stored] of usual.entries()) {
        const transpose = transposes[(turn + i) % 3];
        await run(
          drawProduct(10_000 + 10 * turn + i, { transpose, epilogue, stored }, (turn + i) % 2 === 0),
          variant,
        );
      }
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
