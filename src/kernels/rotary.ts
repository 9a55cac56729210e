import code from '../../shaders/rotary.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, type Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { RotaryShape } from './rotary.reference.ts';
import { storedCode } from './stored.ts';

/**
 * The cosines and sines of every angle, f32 [sequence, headSize / 2, 2]: position t and pair i turn by
 * t * 10000^(-2i / headSize). Made on the CPU in float64, so that WGSL's own cos and sin, exact only to 2^-11, are not used.
 */
export function rotaryTable(sequence: number, headSize: number): Float32Array<ArrayBuffer> {
  invariant(headSize % 2 === 0, `rotary: the head size ${headSize} is odd`);
  const half = headSize / 2;
  const table = new Float32Array(sequence * headSize); // [T, hs/2, 2]
  for (let position = 0; position < sequence; position++) {
    for (let i = 0; i < half; i++) {
      const angle = position * 10000 ** ((-2 * i) / headSize);
      table[2 * (position * half + i)] = Math.cos(angle);
      table[2 * (position * half + i) + 1] = Math.sin(angle);
    }
  }
  return table;
}

/**
 * Rotates the q and k of `qkv` [N, (heads + 2 kvHeads) headSize] (q|k|v) in place by their positions, row mod sequence;
 * `inverse` undoes it, which is also the backward pass on a gradient. `table` holds `rotaryTable(sequence, headSize)`.
 * `qkv` is f32 or f16; relative L2 to float64 <= 1e-6, or 1e-3 in f16. Throws if a length does not fit.
 */
export function rotary(
  gpu: Gpu,
  operands: RotaryShape & { readonly qkv: Tensor; readonly table: Tensor },
): Dispatch {
  const { qkv, table, sequence, heads, kvHeads = heads, headSize, inverse = false } = operands;
  const width = (heads + 2 * kvHeads) * headSize;
  const rows = qkv.length / width;
  invariant(headSize % 2 === 0, `rotary: the head size ${headSize} is odd`);
  invariant(Number.isInteger(rows) && rows >= 1, `rotary: qkv has ${qkv.length} elements, width ${width}`);
  invariant(table.length === sequence * headSize, `rotary: the table has ${table.length} elements`);
  const { types, prefix } = storedCode({ Row: qkv });
  return gpu.kernels.bind(
    {
      name: inverse ? 'rotary-inverse' : 'rotary',
      code: prefix + code,
      types,
      entry: 'rotate',
      bindings: ['read', 'write'],
      uniforms: false,
      sizes: {
        ROWS: rows,
        SEQUENCE: sequence,
        HEADS: heads,
        KV_HEADS: kvHeads,
        HALF: headSize / 2,
        INVERSE: inverse ? 1 : 0,
      },
      promise: { kind: 'close', relativeL2: qkv.dtype === 'f16' ? 1e-3 : 1e-6 },
    },
    [table, qkv],
    foldGroups(Math.ceil((rows * (heads + kvHeads) * headSize) / 128)),
  );
}
