import code from '../../shaders/matmul.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { MatmulShape } from './matmul.reference.ts';

export interface MatmulOperands extends MatmulShape {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly out: Tensor;
  /** Adds to `out` instead of overwriting it: gradients of parameters. */
  readonly accumulate?: boolean;
}

/** Below this many outputs the 8 x 8 tiles would leave most of even a small GPU idle. */
const smallOutput = 2048;

/**
 * out[M,N] (+)= A B in f32, relative L2 to float64 <= 1e-5. 'nn': a [M,K], b [K,N]; 'nt': b is [N,K]; 'tn': a is [K,M].
 * `out` must not share memory with `a` or `b`. Throws if a tensor is not f32 or has another length.
 * One pipeline is compiled for each combination of m, n, k, transpose and accumulate.
 */
export function matmul(gpu: Gpu, operands: MatmulOperands): Dispatch {
  const { a, b, out, m, n, k, transpose, accumulate = false } = operands;
  const name = `matmul-${transpose}`;
  invariant(m >= 1 && n >= 1 && k >= 1, `${name}: sizes ${m}, ${n}, ${k}`);
  invariant(a.length === m * k, `${name}: a has ${a.length} elements for ${m} x ${k}`);
  invariant(b.length === k * n, `${name}: b has ${b.length} elements for ${k} x ${n}`);
  invariant(out.length === m * n, `${name}: out has ${out.length} elements for ${m} x ${n}`);
  for (const tensor of [a, b, out]) invariant(tensor.dtype === 'f32', `${name}: ${tensor.label} is not f32`);
  const [rowStride, aStep] = transpose === 'tn' ? [1, m] : [k, 1];
  const [columnStride, bStep] = transpose === 'nt' ? [k, 1] : [1, n];
  const small = m * n < smallOutput || m <= 4 || n <= 4;
  const [columns, rows] = small ? [32, 32] : [64, 32]; // outputs of one workgroup, as in the shader
  return gpu.kernels.bind(
    {
      name,
      code,
      entry: small ? 'tile4' : 'tile8',
      bindings: ['read', 'read', 'write'],
      uniforms: false,
      sizes: {
        M: m,
        N: n,
        K: k,
        A_ROW: rowStride,
        A_STEP: aStep,
        B_COLUMN: columnStride,
        B_STEP: bStep,
        ACCUMULATE: accumulate ? 1 : 0,
      },
      promise: { kind: 'close', relativeL2: 1e-5 },
    },
    [a, b, out],
    [Math.ceil(n / columns), Math.ceil(m / rows), 1],
  );
}
