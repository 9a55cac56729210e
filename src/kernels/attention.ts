import backwardCode from '../../shaders/attention-backward.wgsl?raw';
import forwardCode from '../../shaders/attention.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, type Dispatch, type KernelSource } from '../gpu/kernel.ts';
import type { DType, Tensor } from '../gpu/tensor.ts';
import {
  attentionVariantsFor,
  chooseAttention,
  type AttentionPass,
  type AttentionVariant,
} from './attention-variants.ts';
import type { AttentionShape } from './attention.reference.ts';
import { storedTypeOf } from './stored-type.ts';
import { storedCode } from './stored.ts';

/** Where q and k get their positions. Without, they have none. */
export interface AttentionRotary {
  /** `rotaryTable(sequence, headSize)`. */
  readonly table: Tensor;
  /**
   * True: `qkv` has been through `rotary`. False: attention turns q and k as it reads them, a dispatch less for half as many
   * loads again. Either way the backward pass gives the gradient of q and k before they were turned.
   */
  readonly turned: boolean;
}

export interface AttentionOperands extends AttentionShape {
  /** [B*T, (heads + 2 kvHeads) hs], q|k|v, head-major, f32 or f16: `out` and the gradients of both are of the same type. */
  readonly qkv: Tensor;
  /** [B*T, heads hs]. */
  readonly out: Tensor;
  /** f32 [B, heads, T], the log of the sum of exponentials of each query's scaled scores, in nats. */
  readonly lse: Tensor;
  readonly rotary?: AttentionRotary;
  /** The variant to take, whatever was measured: tests and the tuner. */
  readonly variant?: AttentionVariant;
}

export interface AttentionBackwardOperands extends AttentionOperands {
  /** [B*T, heads hs]. */
  readonly dOut: Tensor;
  /** As `qkv`, overwritten. */
  readonly dQkv: Tensor;
  /** [B, heads, T], scratch: dOut . out of each query. */
  readonly delta: Tensor;
}

/**
 * Causal attention, out = softmax(q k' / sqrt(headSize)) v over keys no later than the query (Vaswani et al. 2017, eq. 1),
 * relative L2 to float64 <= 1e-5, of `out` in f16 1e-3. Head h reads key head floor(h kvHeads / heads). Writes `out` and `lse`;
 * stores no T x T matrix. The head size is even and at most 128. Throws if a length or dtype does not fit.
 */
export function attention(gpu: Gpu, operands: AttentionOperands): Dispatch {
  const { qkv, out, lse, rotary } = operands;
  checkOperands('attention', operands, { packed: [qkv], rows: [out], queries: [lse] });
  const { source, groups } = attentionSource(gpu, operands, 'forward');
  return gpu.kernels.bind(
    {
      ...source('attention', forwardCode),
      entry: 'forward',
      bindings: ['read', 'read', 'write', 'write'],
    },
    [qkv, rotary?.table ?? qkv, out, lse],
    groups(operands.heads),
  );
}

/**
 * The gradient of `attention` by qkv (FlashAttention-2, Dao 2023, algorithm 2), relative L2 to float64 <= 1e-5, in f16 2e-3.
 * `out` and `lse` are what the forward pass wrote for this `qkv`. Overwrites `dQkv` and `delta`; two dispatches, in order.
 * Throws if a length or dtype does not fit.
 */
export function attentionBackward(gpu: Gpu, operands: AttentionBackwardOperands): Dispatch[] {
  const { qkv, out, lse, dOut, dQkv, delta, rotary, heads, kvHeads = heads } = operands;
  checkOperands('attention-backward', operands, {
    packed: [qkv, dQkv],
    rows: [out, dOut],
    queries: [lse, delta],
  });
  const { source, groups } = attentionSource(gpu, operands, 'backward');
  const table = rotary?.table ?? qkv;
  const queries = gpu.kernels.bind(
    {
      ...source('attention-backward-queries', backwardCode),
      entry: 'queries',
      bindings: ['read', 'read', 'read', 'read', 'write', 'write', 'read'],
    },
    [qkv, table, dOut, lse, delta, dQkv, out],
    groups(heads),
  );
  const keys = gpu.kernels.bind(
    {
      ...source('attention-backward-keys', backwardCode),
      entry: 'keys',
      bindings: ['read', 'read', 'read', 'read', 'write', 'write'],
    },
    [qkv, table, dOut, lse, delta, dQkv],
    groups(kvHeads),
  );
  return [queries, keys];
}

const mostLanes = 32; // invocations a workgroup

/** What the three entry points share. */
function attentionSource(gpu: Gpu, operands: AttentionOperands, pass: AttentionPass) {
  const { batch, sequence, heads, kvHeads = heads, headSize, rotary, qkv } = operands;
  const { types, prefix } = storedCode({ Row: qkv });
  const variant = operands.variant ?? chooseAttention(gpu, { ...operands, stored: storedTypeOf(qkv) }, pass);
  invariant(
    attentionVariantsFor(gpu, operands).includes(variant),
    `attention: ${variant.name} is not offered here for the head size ${headSize}`,
  );
  const lanes = Math.min(mostLanes, 4 * Math.ceil(sequence / variant.rows / 4)); // whole quads
  const source = (name: string, code: string) =>
    ({
      name: `${name}-${variant.name}`,
      code: `${prefix}${variant.code}${code}`,
      types,
      features: variant.features,
      uniforms: false,
      sizes: {
        ...{ BATCH: batch, SEQUENCE: sequence, HEADS: heads, KV_HEADS: kvHeads, HEAD_SIZE: headSize },
        ...{ LANES: lanes, TABLE: rotary?.table.length ?? 1 },
        ...{ TURN: rotary?.turned === false ? 1 : 0, TURN_BACK: rotary === undefined ? 0 : 1 },
      },
      promise: { kind: 'close', relativeL2: qkv.dtype === 'f16' ? 2e-3 : 1e-5 },
    }) as const satisfies Partial<KernelSource>;
  /** A workgroup works for one head. */
  const groups = (ofHeads: number) =>
    foldGroups(batch * ofHeads * Math.ceil(sequence / (variant.rows * lanes)));
  return { source, groups };
}

function checkOperands(
  name: string,
  { batch, sequence, heads, kvHeads = heads, headSize, rotary, qkv }: AttentionOperands,
  tensors: Readonly<Record<'packed' | 'rows' | 'queries', readonly Tensor[]>>,
): void {
  invariant(batch >= 1 && sequence >= 1 && heads >= 1, `${name}: ${batch} x ${sequence}, ${heads} heads`);
  invariant(kvHeads >= 1 && heads % kvHeads === 0, `${name}: ${kvHeads} key heads of ${heads} heads`);
  invariant(
    headSize >= 2 && headSize <= 128 && headSize % 2 === 0,
    `${name}: the head size ${headSize} is not even and in 2 to 128`,
  );
  const expect = ({ label, length, dtype }: Tensor, wanted: number, type: DType = 'f32'): void => {
    invariant(
      length === wanted && dtype === type,
      `${name}: ${label} is ${dtype} x ${length}, not ${type} x ${wanted}`,
    );
  };
  const rows = batch * sequence;
  for (const tensor of tensors.packed) expect(tensor, rows * (heads + 2 * kvHeads) * headSize, qkv.dtype);
  for (const tensor of tensors.rows) expect(tensor, rows * heads * headSize, qkv.dtype);
  for (const tensor of tensors.queries) expect(tensor, rows * heads);
  if (rotary !== undefined) expect(rotary.table, sequence * headSize);
}

/** Changes with whatever all variants share. */
export const attentionFingerprint = JSON.stringify([forwardCode, backwardCode, mostLanes]);
