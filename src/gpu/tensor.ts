import { invariant } from '../base/invariant.ts';

/** `f16` only on a device with `shader-f16`: see `Gpu.device.features`. */
export type DType = 'f32' | 'f16' | 'i32' | 'u32';

/** A view of GPU memory: row-major. `offset` is in bytes and a multiple of 256. */
export interface Tensor {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Elements, the product of the shape. */
  readonly length: number;
  readonly label: string;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

export const bytesOf = (dtype: DType): number => (dtype === 'f16' ? 2 : 4);

/** What a tensor takes of its buffer: whole words, as copies and bindings want it. */
export const byteLength = ({ dtype, length }: Pick<Tensor, 'dtype' | 'length'>): number =>
  4 * Math.ceil((bytesOf(dtype) * length) / 4);

/** The same memory with another shape of the same length. */
export function reshape(tensor: Tensor, shape: readonly number[]): Tensor {
  invariant(
    sizeOf(shape) === tensor.length,
    `${tensor.label}: cannot see [${tensor.shape.join()}] as [${shape.join()}]`,
  );
  return { ...tensor, shape };
}

/**
 * Elements [start, start + size(shape)) of a tensor, as a tensor. WebGPU binds storage at multiples of 256 bytes, so
 * `start` must be a multiple of 64, or of 128 in f16.
 */
export function slice(tensor: Tensor, start: number, shape: readonly number[]): Tensor {
  const length = sizeOf(shape);
  const bytes = bytesOf(tensor.dtype);
  invariant((bytes * start) % 256 === 0, `${tensor.label}: a slice starts at 256 bytes, not at ${start}`);
  invariant(start >= 0 && start + length <= tensor.length, `${tensor.label}: slice past the end`);
  return {
    ...tensor,
    offset: tensor.offset + bytes * start,
    shape,
    length,
    label: `${tensor.label}[${start}..]`,
  };
}
