import { StarlingError } from '../base/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { gpuProblem } from '../gpu/problems.ts';
import type { ModelConfig } from './config.ts';
import { Replica, type ReplicaOptions } from './replica.ts';

/**
 * A replica as wished and, for a GPU without the memory, ever smaller ones that compute the same gradients: with activations
 * computed again, then also with micro-batches taken in 2, 4, ... pieces.
 */
export function* smallerReplicas({ batch, ...options }: ReplicaOptions): Generator<ReplicaOptions, void> {
  yield { ...options, batch };
  if (options.checkpoint !== true) yield { ...options, batch, checkpoint: true };
  for (let pieces = 2; batch % pieces === 0; pieces *= 2) {
    yield { ...options, batch: batch / pieces, checkpoint: true };
  }
}

/**
 * Makes a replica and what `withIt` puts beside it, all compiled and allocated, without blocking this thread; takes the
 * largest of `smallerReplicas` that the GPU has memory for, and that is smaller than `tooLarge` where that has run out of
 * memory before. Throws StarlingError `gpu-out-of-memory` where not even the smallest fits, `gpu-validation` or
 * `gpu-internal`; then nothing stays on the GPU.
 */
export async function openReplica<T>(
  gpu: Gpu,
  config: ModelConfig,
  options: ReplicaOptions,
  withIt: (replica: Replica, taken: ReplicaOptions) => T,
  tooLarge?: ReplicaOptions,
): Promise<T> {
  let thrownLast: unknown = gpuProblem('out-of-memory', 'the model', 'no smaller way is left');
  for (const smaller of smallerReplicas(options)) {
    if (tooLarge !== undefined && !isSmaller(smaller, tooLarge)) continue;
    try {
      return await gpu.prepare('the model', () => withIt(Replica.create(gpu, config, smaller), smaller));
    } catch (thrown) {
      if (!(thrown instanceof StarlingError && thrown.code === 'gpu-out-of-memory')) throw thrown;
      thrownLast = thrown;
    }
  }
  throw thrownLast;
}

const isSmaller = (one: ReplicaOptions, other: ReplicaOptions): boolean =>
  one.batch < other.batch ||
  (one.batch === other.batch && one.checkpoint === true && other.checkpoint !== true);
