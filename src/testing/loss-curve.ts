import { SeededRandom } from '../base/random.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { presets } from '../model/config.ts';
import { AdamWOptimizer } from '../model/optimizer.ts';
import type { Precision } from '../model/precision.ts';
import { Replica } from '../model/replica.ts';
import { textBatch } from './text-batches.ts';

/** Losses of training `nano` on real text by AdamW, from the same weights on the same batches at every call. */
export async function lossCurve(gpu: Gpu, precision: Precision, steps: number): Promise<number[]> {
  const { nano } = presets;
  const options = { seed: 7, batch: 4, sequence: nano.context, precision };
  const { replica, optimizer } = await gpu.prepare('the model', () => {
    const made = Replica.create(gpu, nano, options);
    const adamW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };
    return { replica: made, optimizer: new AdamWOptimizer(made, adamW) };
  });
  const random = new SeededRandom(52);
  const curve: number[] = [];
  for (let step = 0; step < steps; step++) {
    replica.beginRound();
    replica.enqueue(textBatch(random, options.batch, options.sequence));
    curve.push(await replica.roundLoss());
    optimizer.step(2e-3 * Math.min(1, (step + 1) / 10));
  }
  optimizer.close();
  replica.close();
  return curve;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
