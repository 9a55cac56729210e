import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { digest, digestHex } from '../kernels/digest.ts';
import { digestReference } from '../kernels/digest.reference.ts';

/** The digest of parameters that live on a GPU; `offset` is a tensor's first element in the whole model. */
export class StateDigest {
  readonly #gpu: Gpu;
  readonly #lanes: Tensor; // u32 [4]
  readonly #dispatches: readonly Dispatch[];

  constructor(gpu: Gpu, tensors: readonly { readonly values: Tensor; readonly offset: number }[]) {
    this.#gpu = gpu;
    this.#lanes = gpu.tensor([4], 'u32', 'digest lanes');
    this.#dispatches = digest(gpu, { tensors, lanes: this.#lanes });
  }

  /** 32 hex digits of the words as they are after everything submitted so far. */
  async read(): Promise<string> {
    this.#gpu.submit(this.#dispatches, [this.#lanes]);
    return digestHex(await this.#gpu.readU32(this.#lanes));
  }

  close(): void {
    this.#gpu.free(this.#lanes);
  }
}

/** The same 32 hex digits of a whole model's words in memory, f32 [all elements]. */
export const stateDigestReference = (values: Float32Array): string => digestHex(digestReference(values));
