import code from '../../shaders/attention-decode.wgsl?raw';
import load from '../../shaders/lib/head-load.wgsl?raw';
import vector from '../../shaders/lib/head-vector.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { storedCode } from './stored.ts';

export interface AttentionDecodeOperands {
  readonly heads: number;
  /** Heads of k and of v; all of them if not given. */
  readonly kvHeads?: number;
  readonly headSize: number;
  /** [T, (heads + 2 kvHeads) hs], q|k|v: k turned in rows before the newest. */
  readonly cache: Tensor;
  /** `rotaryTable(T, headSize)`. */
  readonly table: Tensor;
  /** u32 [1], the newest row, below T. */
  readonly position: Tensor;
  /** [heads hs]. */
  readonly out: Tensor;
}

const lanes = 16; // 8 KiB of workgroup memory for the largest head

/**
 * Attention of the newest row of a key-value cache over itself and the rows before it: what `attention` gives for that row.
 * Turns the newest k in place, so that the cache is ready for the next. Cache and out are f32 or f16; relative L2 to float64
 * <= 1e-5, or 1e-3 in f16. The head size is even and at most 128. Throws if a length or dtype does not fit.
 */
export function attentionDecode(gpu: Gpu, operands: AttentionDecodeOperands): Dispatch {
  const { heads, kvHeads = heads, headSize, cache, table, position, out } = operands;
  const sequence = cache.length / ((heads + 2 * kvHeads) * headSize);
  invariant(heads % kvHeads === 0, `attention-decode: ${kvHeads} key heads of ${heads} heads`);
  invariant(
    headSize % 2 === 0 && headSize >= 2 && headSize <= 128,
    `attention-decode: the head size ${headSize} is not even and in 2 to 128`,
  );
  invariant(Number.isInteger(sequence) && sequence >= 1, `attention-decode: a cache of ${sequence} rows`);
  invariant(
    table.length === sequence * headSize,
    `attention-decode: ${table.length} angles for ${sequence} rows`,
  );
  invariant(position.length === 1 && position.dtype === 'u32', 'attention-decode: one position');
  invariant(out.length === heads * headSize, `attention-decode: out has ${out.length} elements`);
  const { types, prefix } = storedCode({ Row: cache, Out: out });
  return gpu.kernels.bind(
    {
      name: 'attention-decode',
      code: prefix + vector + load + code,
      types,
      entry: 'decode',
      bindings: ['write', 'read', 'read', 'write'],
      uniforms: false,
      sizes: {
        ...{ SEQUENCE: sequence, HEADS: heads, KV_HEADS: kvHeads, HEAD_SIZE: headSize },
        ...{ TABLE: table.length, TURN: 1, TURN_BACK: 0, LANES: lanes },
      },
      promise: { kind: 'close', relativeL2: Object.values(types).includes('f16') ? 1e-3 : 1e-5 },
    },
    [cache, table, position, out],
    [kvHeads, 1, 1],
  );
}
