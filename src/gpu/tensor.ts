import { invariant } from '../base/invariant.ts';

export type DType = 'f32' | 'i32' | 'u32';

/** A view of GPU memory: row-major, 4-byte elements. `offset` is in bytes and a multiple of 256. */
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
 * `start` must be a multiple of 64.
 */
export function slice(tensor: Tensor, start: number, shape: readonly number[]): Tensor {
  const length = sizeOf(shape);
  invariant(start % 64 === 0, `${tensor.label}: a slice starts at a multiple of 64, not ${start}`);
  invariant(start >= 0 && start + length <= tensor.length, `${tensor.label}: slice past the end`);
  return {
    ...tensor,
    offset: tensor.offset + 4 * start,
    shape,
    length,
    label: `${tensor.label}[${start}..]`,
  };
}
