import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { offersHalves } from '../testing/halves.ts';
import { lossCurve, mean } from '../testing/loss-curve.ts';
import type { ModelConfig } from './config.ts';
import { peakBytes } from './pass-memory.ts';
import { Replica, type ReplicaOptions } from './replica.ts';
import type { TokenBatch } from './token-batch.ts';

const gpu = await openTestGpu();
const config: ModelConfig = { vocabulary: 192, width: 64, blocks: 2, heads: 2, hidden: 128, context: 32 };
const shape = { seed: 1, batch: 2, sequence: 32 };
/** So little that the embedding and head come in three parts. */
const low = 64 * 256;

function tokens(random: SeededRandom): TokenBatch {
  const length = shape.batch * shape.sequence;
  const draw = (): number => random.below(config.vocabulary);
  return { ids: Uint32Array.from({ length }, draw), targets: Uint32Array.from({ length }, draw) };
}

/** Loss and gradients, by tensor, of one micro-batch on weights of some size. */
async function trained(options: Partial<ReplicaOptions>) {
  const random = new SeededRandom(51);
  const replica = Replica.create(gpu, config, { ...shape, ...options });
  replica.load(randomNormal(random, replica.layout.length, 0.1));
  const batch = tokens(random);
  replica.beginRound();
  const loss = await replica.forwardBackward(batch);
  const gradients = await Promise.all(replica.tensors.map(({ gradient }) => gpu.readF32(gradient)));
  const names = replica.tensors.map(({ spec }) => spec.name);
  const evaluated = await replica.evaluate(batch);
  replica.close();
  return { loss, evaluated, gradients, names };
}

describe('mixed precision', () => {
  if (offersHalves(gpu)) {
    it('has the loss of f32 within 1e-3 and every gradient within 1 %, kept, computed again or in parts', async () => {
      const whole = await trained({});
      const ways = [{}, { checkpoint: true }, { most: low }] as const;
      for (const way of ways) {
        const wanted = 'most' in way ? await trained(way) : whole;
        const mixed = await trained({ ...way, precision: 'mixed' });
        expect(Math.abs(mixed.loss - wanted.loss) / wanted.loss).toBeLessThan(1e-3);
        expect(Math.abs(mixed.evaluated - mixed.loss) / mixed.loss).toBeLessThan(1e-5);
        expect(mixed.loss).not.toBe(wanted.loss); // or it was not mixed
        mixed.gradients.forEach((gradient, index) => {
          const name = `${mixed.names[index]} ${JSON.stringify(way)}`;
          expect(relativeL2(gradient, wanted.gradients[index]), name).toBeLessThan(0.01);
        });
      }
    });

    it('holds exactly the bytes the formula says, and gives them back', () => {
      for (const way of [{}, { checkpoint: true }, { most: low }]) {
        const before = gpu.bytesAllocated;
        const options = { ...shape, ...way, precision: 'mixed' } as const;
        const replica = Replica.create(gpu, config, options);
        expect(gpu.bytesAllocated - before).toBe(peakBytes(config, { ...options, gradients: true }));
        replica.close();
        expect(gpu.bytesAllocated).toBe(before);
      }
    });

    it('reads parameters that have changed since, for one dispatch a page and round', async () => {
      const replica = Replica.create(gpu, config, { ...shape, precision: 'mixed' });
      const random = new SeededRandom(53);
      const batch = tokens(random);
      const first = await replica.evaluate(batch);
      const values = randomNormal(random, replica.layout.length, 0.1);
      for (const { values: page } of replica.pages) gpu.write(page.values, values); // as a strategy would: past `load`
      const second = await replica.evaluate(batch);
      expect(Math.abs(second - first)).toBeGreaterThan(1e-3);
      gpu.write(replica.pages[0].values.values, new Float32Array(values.length));
      const kernels: string[] = [];
      gpu.onDispatch = ({ kernel }) => kernels.push(kernel);
      replica.beginRound();
      const zero = await replica.forwardBackward(batch);
      gpu.onDispatch = undefined;
      expect(Math.abs(zero - Math.log(config.vocabulary))).toBeLessThan(1e-5);
      expect(kernels.filter((name) => name === 'to-halves').length).toBe(replica.pages.length);
      replica.close();
    });

    it('learns `nano` from text as f32 does: the last of 60 losses within 0.5 %', async () => {
      const full = await lossCurve(gpu, 'f32', 60);
      const mixed = await lossCurve(gpu, 'mixed', 60);
      expect(mean(full.slice(-10))).toBeLessThan(0.7 * full[0]);
      expect(Math.abs(mean(mixed.slice(-10)) / mean(full.slice(-10)) - 1)).toBeLessThan(0.005);
    });
  } else {
    it('is refused where the device has no f16', () => {
      const open = (): Replica => Replica.create(gpu, config, { ...shape, precision: 'mixed' });
      expect(open).toThrow(/shader-f16/);
    });
  }
});
