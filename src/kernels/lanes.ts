import type { Gpu } from '../gpu/gpu.ts';

/** Invocations that share one row of a kernel that reduces rows; both give results within the kernel's promise. */
export type Lanes = 1 | 16;

/**
 * The faster of the two: a GPU wants neighbouring invocations on neighbouring elements, while on a software adapter a
 * workgroup barrier costs more than a whole row (measured on SwiftShader: 0.5 against 4 ms for 256 rows of 64).
 */
export const lanesFor = (gpu: Gpu): Lanes => (gpu.adapter.software ? 1 : 16);
