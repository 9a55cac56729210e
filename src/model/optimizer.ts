import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { slice, type Tensor } from '../gpu/tensor.ts';
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
    const [m, v] = ['m', 'v'].map((name) =>
      replica.pages.map(({ values }) =>
        gpu.tensor([values.values.length], 'f32', `${name}.${values.offset}`),
      ),
    );
    this.#moments = [...m, ...v];
    this.#steps = replica.pages.flatMap(({ values, gradient }, index) => {
      const decaying = Math.min(values.values.length, gainsOffset(replica) - values.offset);
      const part = (start: number, length: number, weightDecay: number) => {
        const of = (page: Tensor): Tensor => slice(page, start, [length]);
        return adamW(
          gpu,
          {
            parameter: of(values.values),
            gradient: of(gradient.values),
            m: of(m[index]),
            v: of(v[index]),
            norm: replica.norm,
          },
          { ...options, weightDecay },
        );
      };
      const gains = values.values.length - decaying;
      return [
        ...(decaying > 0 ? [part(0, decaying, options.weightDecay)] : []),
        ...(gains > 0 ? [part(decaying, gains, 0)] : []),
      ];
    });
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

/** Where the gains, the last tensor of the layout, begin. */
function gainsOffset({ layout }: Replica): number {
  const gains = layout.specs.at(-1);
  invariant(gains?.kind === 'gains', 'the gains are the last tensor');
  return gains.offset;
}
