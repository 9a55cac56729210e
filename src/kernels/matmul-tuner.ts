import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import { sizeOf, slice, type Tensor } from '../gpu/tensor.ts';
import { variantsFor, type MatmulVariant, type StoredTypes } from './matmul-source.ts';
import { caseKey, isSmall, matmul, usualVariant, type Product } from './matmul.ts';
import { dispatchEntrant } from './entrant.ts';
import { allocateScratch, mostToMeasure, type Scratch } from './scratch.ts';
import { tune, type Contest, type Family, type Trial, type TunerOptions } from './tuner.ts';

const transposes = ['nt', 'nn', 'tn'] as const;
/** No product of many outputs is fastest by it; of few outputs, only it and those that share out k may be. */
const forSmall = 'tile4';
/** What suits only some shapes is not judged by others. */
const particular = new Set<MatmulVariant['name']>(['split']);

/**
 * The products of a model, each made so many `times` a step. The largest of each transpose comes first, and its winner is lent to
 * all of that transpose; then the others, from the largest down.
 */
export function matmulFamily(gpu: Gpu, products: readonly Product[], times = 1): Family {
  const ordered = [...new Map(products.map((product) => [caseKey(product), product])).values()].sort(
    (a, b) => operations(b) - operations(a),
  );
  const large = ordered.filter((product) => !isSmall(product));
  const firsts = transposes.flatMap(
    (transpose) => large.find((product) => product.transpose === transpose) ?? [],
  );
  const most = mostToMeasure(gpu);
  const parts = new Map(ordered.map((product) => [product, partOf(product, most)]));
  let scratch: Scratch<Operands> | undefined;
  const bind = (product: Product, variant: MatmulVariant): Dispatch => {
    const part = parts.get(product);
    if (scratch === undefined || part === undefined)
      throw new Error('a family is prepared before it is measured');
    return bound(gpu, scratch.tensors, part, variant);
  };
  const contestOf = (product: Product): Contest => ({
    key: caseKey(product),
    entrants: variantsOf(gpu, product).map((variant) =>
      dispatchEntrant(gpu, variant.name, () => [bind(product, variant)], particular.has(variant.name)),
    ),
    leads: firsts.includes(product),
    like: firsts.includes(product)
      ? large.filter((other) => other.transpose === product.transpose && other !== product).map(caseKey)
      : [],
  });
  const rest = ordered.filter((product) => !firsts.includes(product));
  return {
    work: times * ordered.reduce((sum, product) => sum + operations(product), 0),
    contests: [...firsts, ...rest].map(contestOf),
    async prepare() {
      scratch = await allocateScratch(gpu, 'measuring products', (tensor) =>
        operandsFor([...parts.values()], tensor),
      );
    },
    free() {
      scratch?.free();
      scratch = undefined;
    },
  };
}

const operations = ({ m, n, k }: Product): number => 2 * m * n * k;

/** Measures these products alone, and notes the winners in `gpu.choices`: `tune`. */
export const tuneMatmul = (
  gpu: Gpu,
  products: readonly Product[],
  options: TunerOptions,
): Promise<readonly Trial[]> => tune(gpu.choices, [matmulFamily(gpu, products)], options);

/** The variants worth measuring, the usual one first. */
function variantsOf(gpu: Gpu, product: Product): readonly MatmulVariant[] {
  const offered = variantsFor(gpu, { ...shapeOf(product), epilogue: 'plain', accumulate: false });
  const usual = usualVariant(offered, product);
  return offered
    .filter(({ name }) => (isSmall(product) ? name === usual || particular.has(name) : name !== forSmall))
    .sort((a, b) => Number(b.name === usual) - Number(a.name === usual));
}

const shapeOf = ({ m, n, k, transpose }: Product) => ({ m, n, k, transpose });

/** So many rows of it that no operand is longer than `most`, its weights aside: twice as many take twice as long by any variant. */
export function partOf(product: Product, most: number): Product {
  const { m, n, k, transpose } = product;
  const rowsOf = (all: number, ...columns: number[]): number =>
    Math.max(1, Math.min(all, Math.floor(most / Math.max(...columns))));
  return transpose === 'tn' ? { ...product, k: rowsOf(k, m, n) } : { ...product, m: rowsOf(m, n, k) };
}

type Operand = 'a' | 'b' | 'out';
/** Of each type that any product wants there, as long as the longest. */
type Operands = Readonly<Record<Operand, ReadonlyMap<StoredTypes[Operand], Tensor>>>;

const typesOf = ({ stored }: Product): Readonly<Record<Operand, StoredTypes[Operand]>> =>
  stored ?? { a: 'f32', b: 'f32', out: 'f32' };

const dimsOf = ({ m, n, k }: Product): Readonly<Record<Operand, readonly number[]>> => ({
  ...{ a: [m, k], b: [n, k], out: [m, n] },
});

/** What all products share. */
function operandsFor(products: readonly Product[], tensor: Gpu['tensor']): Operands {
  const longest = (operand: Operand): ReadonlyMap<StoredTypes[Operand], Tensor> => {
    const lengths = new Map<StoredTypes[Operand], number>();
    for (const product of products) {
      const type = typesOf(product)[operand];
      lengths.set(type, Math.max(lengths.get(type) ?? 1, sizeOf(dimsOf(product)[operand])));
    }
    return new Map([...lengths].map(([type, length]) => [type, tensor([length], type, `tuner.${operand}`)]));
  };
  return { a: longest('a'), b: longest('b'), out: longest('out') };
}

function bound(gpu: Gpu, operands: Operands, product: Product, variant: MatmulVariant): Dispatch {
  const dims = dimsOf(product);
  const part = (operand: Operand): Tensor => {
    const whole = operands[operand].get(typesOf(product)[operand]);
    if (whole === undefined) throw new RangeError('scratch is of every type that is measured');
    return slice(whole, 0, dims[operand]);
  };
  const tensors = { a: part('a'), b: part('b'), out: part('out') };
  return matmul(gpu, { ...shapeOf(product), ...tensors, variant });
}
