import type { Gpu } from '../../../src/gpu/gpu.ts';
import { AdamWOptimizer } from '../../../src/model/optimizer.ts';
import { Replica } from '../../../src/model/replica.ts';
import { settled } from '../settle.ts';
import type { StepSetup, Trainer } from '../types.ts';

/** The replica that volunteers train, with AdamW on it. Its clip norm is the replica's own. */
export function ourTrainer(gpu: Gpu, setup: StepSetup): Trainer {
  const { batch, seed, context, learningRate } = setup;
  const { vocabulary, width, blocks, heads, hidden } = setup;
  const config = { vocabulary, width, blocks, heads, hidden, context };
  const replica = Replica.create(gpu, config, { seed, batch, sequence: context });
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
