import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { nearestChoices } from './choices.ts';
import {
  matmulSource,
  variantsFor,
  type MatmulCase,
  type MatmulVariant,
  type StoredTypes,
} from './matmul-source.ts';
import type { MatmulShape } from './matmul.reference.ts';
import { storedTypeOf } from './stored-type.ts';

/** What is done with the product P = `scale` A B [M,N] before it is stored. */
export type Epilogue =
  /** out [M,N] = add + P. */
  | { readonly kind: 'residual'; readonly add: Tensor }
  /** N = 2 h: out [M,2h] = P = (gate, value), activated [M,h] = silu(gate) * value. */
  | { readonly kind: 'swiglu'; readonly activated: Tensor }
  /**
   * P is the gradient of `activated` [M,h], N = h: out [M,2h] is the gradient of `gateUp` [M,2h], and `activated`, of the same type as
   * `gateUp`, is computed again.
   */
  | { readonly kind: 'swiglu-backward'; readonly gateUp: Tensor; readonly activated: Tensor };

export interface MatmulOperands extends MatmulShape {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly out: Tensor;
  /** Adds to `out` instead of overwriting it: gradients of parameters. Not with an epilogue. */
  readonly accumulate?: boolean;
  readonly epilogue?: Epilogue;
  /** So many products of this shape in one dispatch: every tensor holds them one after the other. 1 unless given. */
  readonly batch?: number;
  /** Compiled in, so one of few: takes the scale of a loss back where gradients of weights are added up. 1 unless given. */
  readonly scale?: number;
  /** The variant to take, whatever was measured: tests and the tuner. */
  readonly variant?: MatmulVariant;
}

/**
 * out[M,N] (+)= scale A B. 'nn': a [M,K], b [K,N]; 'nt': b is [N,K]; 'tn': a is [K,M]. Every tensor is f32 or f16, whatever the
 * others are; sums are f32. Relative L2 to float64 of the operands as stored <= 1e-5, or 1e-3 where `out` is f16. What is too large for
 * f16 is stored as its largest, 65504; NaN may become anything there. `out` must not share memory with any other operand.
 * Throws if a tensor is neither f32 nor f16 or has another length.
 * One pipeline is compiled for each combination of sizes, types, transpose, accumulate, scale, epilogue and variant. The variant is the
 * one measured fastest on this device (matmul-tuner.ts); before any was, `usualVariant`.
 */
export function matmul(gpu: Gpu, operands: MatmulOperands): Dispatch {
  const { a, b, out, m, n, k, transpose, batch = 1, accumulate = false, scale = 1, epilogue } = operands;
  const product: MatmulCase = {
    ...{ m, n, k, batch, transpose, accumulate, scale, epilogue: epilogue?.kind ?? 'plain' },
    stored: {
      ...{ a: storedTypeOf(a), b: storedTypeOf(b), out: storedTypeOf(out) },
      beside: storedTypeOf(besideOf(epilogue) ?? out),
    },
  };
  const variant = operands.variant ?? chooseVariant(gpu, product);
  const { source, groups } = matmulSource(product, variant);
  const { name } = source;
  const expect = (tensor: Tensor, what: string, rows: number, columns: number): void => {
    invariant(
      tensor.length === batch * rows * columns,
      `${name}: ${what} has ${tensor.length} elements for ${batch} of ${rows} x ${columns}`,
    );
  };
  invariant(m >= 1 && n >= 1 && k >= 1 && batch >= 1, `${name}: sizes ${m}, ${n}, ${k}, ${batch}`);
  invariant(Number.isFinite(Math.fround(scale)), `${name}: scale ${scale}`);
  invariant(!(accumulate && epilogue !== undefined), `${name}: accumulates, and has an epilogue`);
  expect(a, 'a', m, k);
  expect(b, 'b', k, n);
  const bind = (...rest: Tensor[]): Dispatch => gpu.kernels.bind(source, [a, b, ...rest], groups);
  switch (epilogue?.kind) {
    case undefined:
      expect(out, 'out', m, n);
      return bind(out);
    case 'residual':
      expect(out, 'out', m, n);
      expect(epilogue.add, 'add', m, n);
      return bind(epilogue.add, out);
    case 'swiglu':
      invariant(n % 2 === 0, `${name}: ${n} columns do not part in halves`);
      expect(out, 'out', m, n);
      expect(epilogue.activated, 'activated', m, n / 2);
      return bind(out, epilogue.activated);
    case 'swiglu-backward':
      expect(out, 'out', m, 2 * n);
      expect(epilogue.gateUp, 'gateUp', m, 2 * n);
      expect(epilogue.activated, 'activated', m, n);
      invariant(epilogue.activated.dtype === epilogue.gateUp.dtype, `${name}: activated is of gateUp's type`);
      return bind(epilogue.gateUp, out, epilogue.activated);
  }
}

/** What the epilogue reads or writes besides `out`. */
function besideOf(epilogue: Epilogue | undefined): Tensor | undefined {
  switch (epilogue?.kind) {
    case undefined:
      return undefined;
    case 'residual':
      return epilogue.add;
    case 'swiglu':
      return epilogue.activated;
    case 'swiglu-backward':
      return epilogue.gateUp;
  }
}

/** What a variant is chosen for. */
export interface Product extends MatmulShape {
  /** All f32 unless given. */
  readonly stored?: Pick<StoredTypes, 'a' | 'b' | 'out'>;
}

/** How a choice is remembered: what follows a product does not change which variant makes it fastest, how it is stored does. */
export const caseKey = (product: Product): string => keyOf(product, product.m, product.n, product.k);

type Number = number | string;

function keyOf({ transpose, stored }: Product, m: Number, n: Number, k: Number): string {
  const types = stored === undefined ? [] : [stored.a, stored.b, stored.out];
  return `matmul-${transpose}/${m}x${n}x${k}${types.includes('f16') ? `/${types.join('-')}` : ''}`;
}

/** Below this many outputs larger tiles would leave most of even a small GPU idle. */
export const isSmall = ({ m, n }: Pick<MatmulShape, 'm' | 'n'>): boolean => m * n < 2048 || m <= 4 || n <= 4;

/** What is taken where none was measured. */
export function usualVariant(offered: readonly MatmulVariant[], shape: MatmulShape): MatmulVariant['name'] {
  const wanted = isSmall(shape) ? 'tile4' : 'quad';
  return offered.some(({ name }) => name === wanted) ? wanted : 'tile8';
}

/**
 * What was measured, the nearest first: of this product; of the same with fewer or more rows, as where a batch is taken in pieces;
 * and of the same two in f32, should it be of halves.
 */
function* measuredNames(choices: Gpu['choices'], product: Product): Generator<string | undefined, void> {
  const { m, n, k, transpose, stored } = product;
  yield choices.get(caseKey(product));
  const any = '(\\d+)';
  const [rows, like] = transpose === 'tn' ? [k, keyOf(product, m, n, any)] : [m, keyOf(product, any, n, k)];
  yield* nearestChoices(
    choices,
    new RegExp(`^${like}$`),
    rows,
    (size) => transpose === 'tn' || isSmall({ m: size, n }) === isSmall(product),
  );
  if (stored !== undefined) yield* measuredNames(choices, { m, n, k, transpose });
}

/** The variant measured fastest for the shape, or for the one nearest to it, if it is offered for this case; else the usual one. */
export function chooseVariant(gpu: Gpu, product: MatmulCase): MatmulVariant {
  const offered = variantsFor(gpu, product);
  const named = (wanted: string | undefined): MatmulVariant | undefined =>
    offered.find(({ name }) => name === wanted);
  for (const name of measuredNames(gpu.choices, product)) {
    // What was measured may not be offered with this epilogue, or in so large a batch.
    const measured = named(name);
    if (measured !== undefined) return measured;
  }
  const usual = named(usualVariant(offered, product));
  invariant(usual !== undefined, 'tile8 runs everywhere');
  return usual;
}
