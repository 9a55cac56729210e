import { beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../gpu/gpu.ts';
import { openTestGpu, relativeL2 } from '../testing/gpu.ts';
import * as torch from './fixtures/torch-fixture.ts';
import { AdamWOptimizer } from './optimizer.ts';
import { clipNorm, Replica } from './replica.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

function fixtureReplica(): Replica {
  const { config, batch, sequence } = torch;
  const replica = Replica.create(gpu, config, { seed: 0, batch, sequence });
  replica.load(torch.fixtureParameters());
  return replica;
}

describe('the model beside the PyTorch recording', () => {
  it('has the same loss, and the gradient of every tensor within a relative L2 of 1e-4', async () => {
    const replica = fixtureReplica();
    replica.beginRound();
    const loss = await replica.forwardBackward(torch.fixtureBatch());
    expect(Math.abs(loss - torch.losses[0])).toBeLessThan(1e-5);
    const recorded = torch.fixtureGradients();
    expect(replica.tensors.map(({ spec }) => spec.name)).toEqual(recorded.map(({ name }) => name));
    for (const [index, { spec, gradient }] of replica.tensors.entries()) {
      const error = relativeL2(await gpu.readF32(gradient), recorded[index].gradient);
      expect(error, spec.name).toBeLessThan(1e-4);
    }
    replica.close();
  });

  it('takes ten AdamW steps whose losses and gradient norms follow within 1e-4', async () => {
    const replica = fixtureReplica();
    expect(torch.maxNorm).toBe(clipNorm);
    const { learningRate, ...options } = torch.adamW;
    const optimizer = new AdamWOptimizer(replica, options);
    const losses: number[] = [];
    const norms: number[] = [];
    for (let step = 0; step < torch.losses.length; step++) {
      replica.beginRound();
      losses.push(await replica.forwardBackward(torch.fixtureBatch()));
      optimizer.step(learningRate);
      norms.push((await gpu.readF32(replica.norm))[0]);
    }
    expect(torch.losses[9]).toBeLessThan(0.2 * torch.losses[0]); // the recording learns, or following it says little
    torch.losses.forEach((recorded, step) => {
      expect(Math.abs(losses[step] - recorded), `loss before step ${step + 1}`).toBeLessThan(1e-4);
    });
    torch.gradientNorms.forEach((recorded, step) => {
      expect(Math.abs(norms[step] / recorded - 1), `norm at step ${step + 1}`).toBeLessThan(1e-4);
    });
    optimizer.close();
    replica.close();
  });
});
