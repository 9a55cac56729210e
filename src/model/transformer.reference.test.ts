import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { relativeL2 } from '../testing/gpu.ts';
import type { ModelConfig } from './config.ts';
import * as torch from './fixtures/torch-fixture.ts';
import { parameterLayout } from './parameters.ts';
import type { TokenBatch } from './token-batch.ts';
import { ReferenceTransformer } from './transformer.reference.ts';

const config: ModelConfig = { vocabulary: 64, width: 64, blocks: 2, heads: 4, hidden: 64, context: 8 };
const sequence = 8;
const seed = 20_240_501;

/** Weights large enough that no path through the model is nearly linear or nearly dead. */
function randomModel(random: SeededRandom): Float64Array {
  const layout = parameterLayout(config);
  const values = new Float64Array(layout.length);
  for (const { kind, rows, cols, offset } of layout.specs) {
    for (let i = offset; i < offset + rows * cols; i++) {
      values[i] = kind === 'gains' ? 1 + 0.2 * random.normal() : 0.1 * random.normal();
    }
  }
  return values;
}

const randomBatch = (random: SeededRandom, rows: number): TokenBatch => ({
  ids: Uint32Array.from({ length: rows }, () => random.below(config.vocabulary)),
  targets: Uint32Array.from({ length: rows }, () => random.below(config.vocabulary)),
});

describe('the reference transformer', () => {
  it(`has gradients that agree with central differences in every tensor (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const parameters = randomModel(random);
    const batch = randomBatch(random, 2 * sequence);
    const model = new ReferenceTransformer(config, parameters, sequence);
    const { gradients } = model.lossAndGradients(batch);
    const step = 1e-4;
    const lossWith = (index: number, value: number): number => {
      const old = parameters[index];
      parameters[index] = value;
      const loss = model.loss(batch);
      parameters[index] = old;
      return loss;
    };
    for (const { name, rows, cols, offset } of parameterLayout(config).specs) {
      const part = gradients.subarray(offset, offset + rows * cols);
      // Coordinates drawn at random from those with a gradient: the embedding has rows of absent tokens.
      const alive = [...part.keys()].filter((index) => part[index] !== 0);
      expect(alive.length, name).toBeGreaterThan(part.length / 8);
      for (let draw = 0; draw < 6; draw++) {
        const at = offset + alive[random.below(alive.length)];
        const centralDifference = (h: number): number =>
          (lossWith(at, parameters[at] + h) - lossWith(at, parameters[at] - h)) / (2 * h);
        // Richardson: what is left of the error falls with step^4.
        const numeric = (4 * centralDifference(step) - centralDifference(2 * step)) / 3;
        const error = Math.abs(gradients[at] - numeric) / Math.abs(numeric);
        expect(error, `${name}, element ${at - offset}`).toBeLessThan(1e-5);
      }
    }
  });

  it('has the loss and the gradients that PyTorch recorded for the same weights', () => {
    const model = new ReferenceTransformer(
      torch.config,
      Float64Array.from(torch.fixtureParameters()),
      torch.sequence,
    );
    const { loss, gradients } = model.lossAndGradients(torch.fixtureBatch());
    expect(Math.abs(loss - torch.losses[0])).toBeLessThan(1e-12);
    const specs = parameterLayout(torch.config).specs;
    const recorded = torch.fixtureGradients();
    expect(recorded.map(({ name }) => name)).toEqual(specs.map(({ name }) => name));
    specs.forEach(({ name, rows, cols, offset }, index) => {
      const ours = gradients.subarray(offset, offset + rows * cols);
      expect(relativeL2(ours, recorded[index].gradient), name).toBeLessThan(1e-7); // f32 rounding of the record
    });
  });

  it('gives embedding rows of absent tokens no gradient', () => {
    const random = new SeededRandom(5);
    const model = new ReferenceTransformer(config, randomModel(random), sequence);
    const ids = Uint32Array.from({ length: sequence }, (_, i) => i % 3);
    const { gradients } = model.lossAndGradients({ ids, targets: ids });
    const embedding = gradients.subarray(0, config.vocabulary * config.width);
    expect(embedding.subarray(0, 3 * config.width).every((value) => value !== 0)).toBe(true);
    expect(embedding.subarray(3 * config.width).every((value) => value === 0)).toBe(true);
  });

  it('is causal: a later token does not change earlier logits (seed 6)', () => {
    const random = new SeededRandom(6);
    const model = new ReferenceTransformer(config, randomModel(random), sequence);
    const { ids } = randomBatch(random, sequence);
    const changed = ids.slice();
    changed[5] = (changed[5] + 1) % config.vocabulary;
    const [before, after] = [model.logits(ids), model.logits(changed)];
    const until = 5 * config.vocabulary;
    expect(after.subarray(0, until)).toEqual(before.subarray(0, until));
    expect(after.subarray(until)).not.toEqual(before.subarray(until));
  });

  it('starts near ln V when the weights are small', () => {
    const random = new SeededRandom(7);
    const parameters = randomModel(random);
    const { offset } = parameterLayout(config).specs.find(({ name }) => name === 'head') ?? { offset: 0 };
    parameters.fill(0, offset, offset + config.vocabulary * config.width);
    const model = new ReferenceTransformer(config, parameters, sequence);
    expect(model.loss(randomBatch(random, sequence))).toBeCloseTo(Math.log(config.vocabulary), 12);
  });
});
