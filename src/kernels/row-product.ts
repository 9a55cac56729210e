import code from '../../shaders/row-product.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, type Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { lanesFor, type Lanes } from './lanes.ts';
import { isHalf, storedTypeOf } from './stored-type.ts';

export interface RowProductOperands {
  /** [K]. */
  readonly x: Tensor;
  /** [N,K]. */
  readonly w: Tensor;
  /** [N], or [N/2] of `swiglu`. */
  readonly out: Tensor;
  /** [N], added to the product: the residual stream. */
  readonly add?: Tensor;
  /** The product is (gate, value): out = silu(gate) * value. Not with `add`. */
  readonly swiglu?: boolean;
  /** Threads that share four sums; the default suits the adapter. */
  readonly lanes?: Lanes;
}

/**
 * out = x w', or with what follows it, for one row x. Every tensor is f32 or f16; relative L2 to float64 of the operands as stored
 * <= 1e-5, or 1e-3 where `out` is f16. The kernels of `matmul` give a thread several rows, and would compute them all. Throws if a
 * length or dtype does not fit.
 */
export function rowProduct(gpu: Gpu, operands: RowProductOperands): Dispatch {
  const { x, w, out, add, swiglu = false, lanes = lanesFor(gpu) } = operands;
  const k = x.length;
  const n = w.length / k;
  const outputs = swiglu ? n / 2 : n;
  invariant(Number.isInteger(n) && Number.isInteger(outputs), `row-product: ${w.length} weights for ${k}`);
  invariant(!(swiglu && add !== undefined), 'row-product: SwiGLU adds nothing');
  const expected: [Tensor, number][] = [
    [x, k],
    [w, n * k],
    [out, outputs],
  ];
  if (add !== undefined) expected.push([add, outputs]);
  for (const [{ label, length }, wanted] of expected)
    invariant(length === wanted, `row-product: ${label} has ${length} elements, not ${wanted}`);
  const added = add ?? x;
  const types = { X: storedTypeOf(x), W: storedTypeOf(w), Add: storedTypeOf(added), Out: storedTypeOf(out) };
  return gpu.kernels.bind(
    {
      name: 'row-product',
      code,
      entry: 'product',
      bindings: ['read', 'read', 'read', 'write'],
      uniforms: false,
      sizes: {
        ...{ K: k, N: n, KIND: swiglu ? 2 : add === undefined ? 0 : 1, ADD: added.length, LANES: lanes },
        OUT_IS_HALF: isHalf(types.Out),
      },
      types,
      promise: { kind: 'close', relativeL2: types.Out === 'f16' ? 1e-3 : 1e-5 },
    },
    [x, w, added, out],
    foldGroups(Math.ceil(outputs / ((swiglu ? 2 : 4) * (64 / lanes)))),
  );
}
