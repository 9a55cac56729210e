import { realClock } from '../../../src/base/clock.ts';
import type { Gpu } from '../../../src/gpu/gpu.ts';
import { AdamWOptimizer } from '../../../src/model/optimizer.ts';
import type { Precision } from '../../../src/model/precision.ts';
import { Replica } from '../../../src/model/replica.ts';
import { tuneKernels } from '../../../src/volunteer/tuning.ts';
import { settled } from '../settle.ts';
import type { StepSetup, Trainer } from '../types.ts';

/** The replica that volunteers train, tuned as a volunteer tunes at join, with AdamW on it. Its clip norm is its own. */
export async function ourTrainer(gpu: Gpu, setup: StepSetup, precision: Precision = 'f32'): Promise<Trainer> {
  const { model, batch, seed, learningRate } = setup;
  const sequence = model.context;
  await tuneKernels(gpu, model, { batch, sequence, precision }, { clock: realClock, store: undefined });
  const replica = Replica.create(gpu, model, { seed, batch, sequence, precision });
  const optimizer = new AdamWOptimizer(replica, setup);
  return {
    step: async (tokens) => {
      replica.beginRound();
      const loss = await replica.forwardBackward(tokens);
      optimizer.step(learningRate);
      await settled(gpu.device);
      return loss;
    },
    close: () => {
      optimizer.close();
      replica.close();
    },
  };
}
