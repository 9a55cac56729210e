import type { Gpu } from '../gpu/gpu.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { adamW, type AdamWOptions } from '../kernels/adam-w.ts';
import type { Replica } from './replica.ts';

/**
 * AdamW on a replica's accumulated gradients, averaged and clipped: for tests and the bench, and for local steps between
 * exchanges. Gains do not decay. The parameters leave the lattice, so a replica stepped by it is not restorable as is.
 */
export class AdamWOptimizer {
  readonly #gpu: Gpu;
  readonly #replica: Replica;
  readonly #moments: readonly Tensor[];
  readonly #steps: readonly ReturnType<typeof adamW>[];
  #taken = 0;

  constructor(replica: Replica, options: AdamWOptions) {
    const { gpu } = replica;
    this.#gpu = gpu;
    this.#replica = replica;
    const moments: Tensor[] = [];
    const moment = (like: Tensor, name: string): Tensor => {
      const tensor = gpu.tensor(like.shape, 'f32', `${like.label}.${name}`);
      moments.push(tensor);
      return tensor;
    };
    this.#steps = replica.tensors.map(({ spec, values, gradient }) =>
      adamW(
        gpu,
        {
          parameter: values,
          gradient,
          m: moment(values, 'm'),
          v: moment(values, 'v'),
          norm: replica.norm,
        },
        { ...options, weightDecay: spec.kind === 'gains' ? 0 : options.weightDecay },
      ),
    );
    this.#moments = moments;
  }

  /** One step with the gradients of the round so far. Does not wait for the GPU. */
  step(learningRate: number): void {
    this.#taken++;
    for (const { setStep } of this.#steps) setStep(this.#taken, learningRate);
    this.#gpu.submit([...this.#replica.gradientDispatches, ...this.#steps.map(({ dispatch }) => dispatch)]);
  }

  close(): void {
    this.#gpu.free(...this.#moments);
  }
}
