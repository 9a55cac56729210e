import backwardCode from '../../shaders/attention-backward.wgsl?raw';
import forwardCode from '../../shaders/attention.wgsl?raw';
import headVector from '../../shaders/lib/head-vector.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, type Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { AttentionShape } from './attention.reference.ts';

export interface AttentionOperands extends AttentionShape {
  /** [B*T, 3d], q|k|v with d = heads * headSize, head-major. */
  readonly qkv: Tensor;
  /** [B*T, d]. */
  readonly out: Tensor;
  /** [B, heads, T], the log of the sum of exponentials of each query's scaled scores, in nats. */
  readonly lse: Tensor;
}

export interface AttentionBackwardOperands extends AttentionOperands {
  /** [B*T, d]. */
  readonly dOut: Tensor;
  /** [B*T, 3d], overwritten. */
  readonly dQkv: Tensor;
  /** [B, heads, T], scratch: dOut . out of each query. */
  readonly delta: Tensor;
}

const lanes = 32; // invocations a workgroup, as in the shaders
const promise = { kind: 'close', relativeL2: 1e-5 } as const;

/**
 * Causal attention, out = softmax(q k' / sqrt(headSize)) v over keys no later than the query (Vaswani et al. 2017, eq. 1),
 * f32, relative L2 to float64 <= 1e-5. Writes `out` and `lse`; stores no T x T matrix. The head size is at most 128.
 * Throws if a length or dtype does not fit.
 */
export function attention(gpu: Gpu, operands: AttentionOperands): Dispatch {
  const { qkv, out, lse } = operands;
  checkOperands('attention', operands, { packed: [qkv], rows: [out], queries: [lse] });
  return gpu.kernels.bind(
    {
      name: 'attention',
      code: headVector + forwardCode,
      entry: 'forward',
      bindings: ['read', 'write', 'write'],
      uniforms: false,
      sizes: sizesOf(operands),
      promise,
    },
    [qkv, out, lse],
    foldGroups(Math.ceil(lse.length / lanes)),
  );
}

/**
 * The gradient of `attention` by qkv (FlashAttention-2, Dao 2023, algorithm 2), f32, relative L2 to float64 <= 1e-5.
 * `out` and `lse` are what the forward pass wrote for this `qkv`. Overwrites `dQkv` and `delta`; two dispatches, in order.
 * Throws if a length or dtype does not fit.
 */
export function attentionBackward(gpu: Gpu, operands: AttentionBackwardOperands): Dispatch[] {
  const { qkv, out, lse, dOut, dQkv, delta } = operands;
  checkOperands('attention-backward', operands, {
    packed: [qkv, dQkv],
    rows: [out, dOut],
    queries: [lse, delta],
  });
  const common = { code: headVector + backwardCode, uniforms: false, sizes: sizesOf(operands), promise };
  const groups = foldGroups(Math.ceil(lse.length / lanes));
  const queries = gpu.kernels.bind(
    {
      ...common,
      name: 'attention-backward-queries',
      entry: 'queries',
      bindings: ['read', 'read', 'read', 'write', 'write', 'read'],
    },
    [qkv, dOut, lse, delta, dQkv, out],
    groups,
  );
  const keys = gpu.kernels.bind(
    {
      ...common,
      name: 'attention-backward-keys',
      entry: 'keys',
      bindings: ['read', 'read', 'read', 'write', 'write'],
    },
    [qkv, dOut, lse, delta, dQkv],
    groups,
  );
  return [queries, keys];
}

const sizesOf = ({ batch, sequence, heads, headSize }: AttentionShape) => ({
  BATCH: batch,
  SEQUENCE: sequence,
  HEADS: heads,
  HEAD_SIZE: headSize,
});

function checkOperands(
  name: string,
  { batch, sequence, heads, headSize }: AttentionShape,
  tensors: Readonly<Record<'packed' | 'rows' | 'queries', readonly Tensor[]>>,
): void {
  invariant(batch >= 1 && sequence >= 1 && heads >= 1, `${name}: ${batch} x ${sequence}, ${heads} heads`);
  invariant(headSize >= 1 && headSize <= 128, `${name}: the head size ${headSize} is not in 1 to 128`);
  const width = heads * headSize;
  const lengths = {
    packed: batch * sequence * 3 * width,
    rows: batch * sequence * width,
    queries: batch * heads * sequence,
  };
  for (const kind of ['packed', 'rows', 'queries'] as const) {
    for (const { label, length, dtype } of tensors[kind]) {
      invariant(
        length === lengths[kind] && dtype === 'f32',
        `${name}: ${label} is ${dtype} x ${length}, not f32 x ${lengths[kind]}`,
      );
    }
  }
}
