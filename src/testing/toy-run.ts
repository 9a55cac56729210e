import type { Digest, PeerId } from '../base/ids.ts';
import type { ModelConfig } from '../model/config.ts';
import type { RunConfig } from '../volunteer/run-config.ts';
import { planRun } from '../volunteer/run-plan.ts';

/** A model so small that a round takes milliseconds. */
export const toyModel: ModelConfig = {
  ...{ vocabulary: 128, width: 64, blocks: 1, heads: 4, hidden: 64, context: 16 },
};

/** A run of it. */
export const toyConfig = (planned: RunConfig): RunConfig => ({
  ...planned,
  model: toyModel,
  microBatch: 2,
  tokensPerRound: 32,
  validationSequences: 8,
  validationEvery: 1_000,
  strategy: { ...planned.strategy, schedule: [[0, 12_000]] },
});

/** Who founded `soloConfig`. */
export const soloFounder = 'a'.repeat(32) as PeerId;

/** A run of one volunteer, of no text there is, for what needs none: a toy model in micro-batches as of `nano`. */
export const soloConfig: RunConfig = {
  ...planRun({
    ...{ preset: 'nano', seed: 3, volunteers: 1, rounds: undefined, fixedWork: true, founder: soloFounder },
    ...{ nonce: '0'.repeat(32), corpus: '0'.repeat(64) as Digest },
  }),
  model: toyModel,
};
