import type { Bytes } from '../base/bytes.ts';
import { fromHalf } from '../base/half.ts';

/** The types of values that models come in, as numbers. */
export type FloatType = 'F32' | 'F16' | 'BF16';
export const isFloatType = (dtype: string): dtype is FloatType => ['F32', 'F16', 'BF16'].includes(dtype);

/** f32 words as the upper halves of them that are nearest, ties to even: bfloat16, little-endian. */
export function toBrain(values: Float32Array): Bytes {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    halves[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(halves.buffer);
}

/** Values of one type, little-endian and anywhere in memory, as f32; f16 and bf16 exactly. */
export function toFloats(dtype: FloatType, bytes: Bytes): Float32Array<ArrayBuffer> {
  if (dtype === 'F32') return new Float32Array(bytes.slice().buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Float32Array(bytes.length / 2);
  if (dtype === 'F16') {
    for (let i = 0; i < values.length; i++) values[i] = fromHalf(view.getUint16(2 * i, true));
    return values;
  }
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint16(2 * i, true) << 16;
  return values;
}
