import { fromHalf, toHalf } from '../base/half.ts';
import type { Gpu } from '../gpu/gpu.ts';

/** Whether tensors may be f16 here. Tests of f16 are defined only where they may. */
export const offersHalves = (gpu: Gpu): boolean => gpu.device.features.has('shader-f16');

/** The nearest f16 of each value: what an f16 tensor of them holds, so that a reference can read the same. */
export const asHalves = (values: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> =>
  values.map((value) => fromHalf(toHalf(value)));

/** What a result of f32 arithmetic may differ by once it is stored as f16, relative L2: its own rounding is 2^-12 on average. */
export const halfBound = 1e-3;
