import { invariant } from '../base/invariant.ts';
import type { Tensor } from '../gpu/tensor.ts';

/** How an element of a matrix is stored; arithmetic is f32 whatever it is. */
export type StoredType = 'f32' | 'f16';

/** Throws if the tensor holds integers. */
export function storedTypeOf({ dtype, label }: Tensor): StoredType {
  invariant(dtype === 'f32' || dtype === 'f16', `${label} is ${dtype}, neither f32 nor f16`);
  return dtype;
}

/** For `sizes` of a kernel: 1 where stores have to be clamped to what f16 holds. */
export const isHalf = (type: StoredType): 0 | 1 => (type === 'f16' ? 1 : 0);
