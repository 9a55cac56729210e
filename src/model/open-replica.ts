import { StarlingError } from '../base/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
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
 * largest of `smallerReplicas` that the GPU has memory for. Throws StarlingError `gpu-out-of-memory` where not even the
 * smallest fits, `gpu-validation` or `gpu-internal`; then nothing stays on the GPU.
 */
export async function openReplica<T>(
  gpu: Gpu,
  config: ModelConfig,
  options: ReplicaOptions,
  withIt: (replica: Replica) => T,
): Promise<T> {
  let tooLarge: unknown;
  for (const smaller of smallerReplicas(options)) {
    try {
      return await gpu.prepare('the model', () => withIt(Replica.create(gpu, config, smaller)));
    } catch (thrown) {
      if (!(thrown instanceof StarlingError && thrown.code === 'gpu-out-of-memory')) throw thrown;
      tooLarge = thrown;
    }
  }
  throw tooLarge;
}
