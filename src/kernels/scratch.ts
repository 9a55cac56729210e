import type { Gpu } from '../gpu/gpu.ts';
import { withErrorScopes } from '../gpu/problems.ts';
import type { Tensor } from '../gpu/tensor.ts';

/** Memory that something is measured on. */
export interface Scratch<T> {
  readonly tensors: T;
  readonly free: () => void;
}

/** What `make` makes of the tensors it asks for. Throws StarlingError `gpu-out-of-memory` where they do not fit, and then frees them. */
export async function allocateScratch<T>(
  gpu: Gpu,
  what: string,
  make: (tensor: Gpu['tensor']) => T,
): Promise<Scratch<T>> {
  const owned: Tensor[] = [];
  const tensor: Gpu['tensor'] = (...wanted) => {
    const made = gpu.tensor(...wanted);
    owned.push(made);
    return made;
  };
  const free = (): void => {
    gpu.free(...owned);
  };
  try {
    return { tensors: await withErrorScopes(gpu.device, what, () => make(tensor)), free };
  } catch (thrown) {
    free();
    throw thrown;
  }
}

/** Elements of 4 bytes that a tensor to measure on has at most: as many as a binding shows, and no more than 64 MiB. */
export const mostToMeasure = ({ device }: Gpu): number =>
  Math.min(2 ** 24, Math.floor(device.limits.maxStorageBufferBindingSize / 4));
