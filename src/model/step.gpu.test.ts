import { beforeAll, describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { openTestGpu, randomNormal, relativeL2 } from '../testing/gpu.ts';
import type { ModelConfig } from './config.ts';
import { openReplica, smallerReplicas } from './open-replica.ts';
import { AdamWOptimizer } from './optimizer.ts';
import { allocatePages } from './pages.ts';
import { parameterLayout } from './parameters.ts';
import { peakBytes } from './pass-memory.ts';
import { Replica, type ReplicaOptions } from './replica.ts';
import type { TokenBatch } from './token-batch.ts';
import { bindPasses, weightsOf } from './transformer.ts';

const config: ModelConfig = { vocabulary: 192, width: 64, blocks: 3, heads: 2, hidden: 128, context: 32 };
const shape = { seed: 1, batch: 4, sequence: 32 };
const adamW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };
/** So little that the embedding and head come in three parts and the logits in two chunks; gateUp just fits. */
const low = 64 * 256;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

function tokens(random: SeededRandom, sequences = shape.batch): TokenBatch {
  const length = sequences * shape.sequence;
  const draw = (): number => random.below(config.vocabulary);
  return { ids: Uint32Array.from({ length }, draw), targets: Uint32Array.from({ length }, draw) };
}

/** A replica of weights of some size, its loss on a batch, and every gradient in layout order. */
async function trained(options: Partial<ReplicaOptions>, model = config) {
  const random = new SeededRandom(31);
  const replica = Replica.create(gpu, model, { ...shape, ...options });
  replica.load(randomNormal(random, replica.layout.length, 0.1));
  const batch = tokens(random, options.batch);
  replica.beginRound();
  const loss = await replica.forwardBackward(batch);
  const parts = await Promise.all(replica.tensors.map(({ gradient }) => gpu.readF32(gradient)));
  const evaluated = await replica.evaluate(batch);
  replica.close();
  return { loss, evaluated, gradients: Float32Array.from(parts.flatMap((part) => [...part])) };
}

/** What `work` dispatches and submits. */
async function counted(work: () => unknown): Promise<{ dispatches: number; submits: number }> {
  const { queue } = gpu.device;
  const submit = queue.submit.bind(queue);
  const counts = { dispatches: 0, submits: 0 };
  gpu.onDispatch = () => counts.dispatches++;
  queue.submit = (buffers) => {
    if ([...buffers].length > 0) counts.submits++; // with none it only hurries a wait
    submit(buffers);
  };
  await work();
  gpu.onDispatch = undefined;
  Reflect.deleteProperty(queue, 'submit'); // the prototype's own again
  return counts;
}

describe('a training step', () => {
  it('takes at most 20 dispatches a block, forward and backward, and at most 10 besides', async () => {
    const perStep = async (blocks: number): Promise<number> => {
      const replica = Replica.create(gpu, { ...config, blocks }, shape);
      const { dispatches } = await counted(() => {
        replica.enqueue(tokens(new SeededRandom(1)));
      });
      replica.close();
      return dispatches;
    };
    const [one, three] = [await perStep(1), await perStep(3)];
    expect((three - one) / 2).toBeLessThanOrEqual(20);
    expect(one - (three - one) / 2).toBeLessThanOrEqual(10);
  });

  it('is one submit a micro-batch, whether its loss is read or not, and one for the optimizer', async () => {
    const replica = Replica.create(gpu, config, shape);
    const optimizer = new AdamWOptimizer(replica, adamW);
    const batch = tokens(new SeededRandom(2));
    replica.beginRound();
    const enqueued = () => {
      replica.enqueue(batch);
    };
    expect((await counted(enqueued)).submits).toBe(1);
    expect((await counted(() => replica.forwardBackward(batch))).submits).toBe(1);
    expect((await counted(() => replica.evaluate(batch))).submits).toBe(1);
    const step = await counted(() => {
      optimizer.step(1e-3);
    });
    expect(step).toEqual({ submits: 1, dispatches: 4 }); // square sums, norm, matrices, gains
    optimizer.close();
    replica.close();
  });

  it('holds exactly the bytes the formula says, kept, checkpointed or without gradients, whole or in parts', () => {
    for (const checkpoint of [false, true]) {
      for (const most of [undefined, low]) {
        const before = gpu.bytesAllocated;
        const options = { ...shape, checkpoint, ...(most === undefined ? {} : { most }) };
        const replica = Replica.create(gpu, config, options);
        expect(gpu.bytesAllocated - before).toBe(peakBytes(config, { ...options, gradients: true }));
        replica.close();
        expect(gpu.bytesAllocated).toBe(before);
      }
    }
    const before = gpu.bytesAllocated;
    const layout = parameterLayout(config);
    const { pages, tensors } = allocatePages(gpu, layout, 'values');
    const passes = bindPasses(gpu, config, weightsOf(config, layout, tensors), shape);
    expect(gpu.bytesAllocated - before).toBe(peakBytes(config, { ...shape, gradients: false }));
    passes.free();
    gpu.free(...pages.map(({ values }) => values));
  });

  it('has the same loss and the same gradient words with activations computed again as with them kept', async () => {
    const kept = await trained({});
    const checkpointed = await trained({ checkpoint: true });
    expect(checkpointed.loss).toBe(kept.loss);
    expect(checkpointed.gradients).toEqual(kept.gradients);
  });

  it('has the same loss and gradients with embedding, head and logits in parts, as for a low binding limit', async () => {
    const whole = await trained({});
    for (const checkpoint of [false, true]) {
      const parts = await trained({ most: low, checkpoint });
      expect(Math.abs(parts.loss - whole.loss)).toBeLessThan(1e-6 * whole.loss);
      expect(Math.abs(parts.evaluated - whole.evaluated)).toBeLessThan(1e-6 * whole.loss);
      expect(relativeL2(parts.gradients, whole.gradients)).toBeLessThan(2e-6);
    }
  });

  it('binds nothing longer than the limit it was given', async () => {
    const replica = Replica.create(gpu, config, { ...shape, most: low });
    let longest = 0;
    const random = new SeededRandom(3);
    gpu.onDispatch = ({ tensors }) => {
      longest = Math.max(longest, ...tensors.map(({ length }) => length));
    };
    await replica.forwardBackward(tokens(random));
    gpu.onDispatch = undefined;
    expect(longest).toBeLessThanOrEqual(Math.max(low, shape.batch * shape.sequence * 2 * config.hidden));
    replica.close();
  });
});

describe('opening a replica', () => {
  /** As on a GPU whose bindings are `elements` f32 at most. */
  async function withLimit<T>(elements: number, work: () => Promise<T>): Promise<T> {
    const limits = { maxBufferSize: 4 * elements, maxStorageBufferBindingSize: 4 * elements };
    Object.defineProperty(gpu.device, 'limits', { value: limits, configurable: true });
    try {
      return await work();
    } finally {
      Reflect.deleteProperty(gpu.device, 'limits'); // the prototype's own again
    }
  }
  const options = { ...shape, batch: 8, most: low };

  it('takes a micro-batch in pieces where memory lacks, with the same loss and gradients', async () => {
    const wanted = await trained({ batch: 8 });
    const fits = 1.5 * 4 * shape.sequence * 2 * config.hidden; // gate and up of four sequences, not of eight
    const replica = await withLimit(fits, () => openReplica(gpu, config, options, (made) => made));
    expect(replica.batch).toBe(4);
    const random = new SeededRandom(31);
    replica.load(randomNormal(random, replica.layout.length, 0.1));
    const batch = tokens(random, 8);
    replica.beginRound();
    const loss = await replica.forwardBackward(batch);
    expect(Math.abs(loss - wanted.loss)).toBeLessThan(1e-6 * wanted.loss);
    expect(Math.abs((await replica.roundLoss()) - wanted.loss)).toBeLessThan(1e-6 * wanted.loss);
    const parts = await Promise.all(replica.tensors.map(({ gradient }) => gpu.readF32(gradient)));
    const mean = parts.flatMap((part) => [...part]).map((sum) => sum / 2); // two micro-batches of half the size
    expect(relativeL2(mean, wanted.gradients)).toBeLessThan(2e-6);
    expect(() => {
      replica.enqueue({ ids: batch.ids.subarray(1), targets: batch.targets.subarray(1) });
    }).toThrow(/micro-batches of 4 sequences/);
    replica.close();
  });

  it('says so where not even one sequence fits, and leaves nothing behind', async () => {
    const before = gpu.bytesAllocated;
    const opening = withLimit(low - 64, () => openReplica(gpu, config, options, (made) => made));
    await expect(opening).rejects.toMatchObject({ code: 'gpu-out-of-memory' });
    expect(gpu.bytesAllocated).toBe(before);
  });

  it('computes activations again before it takes smaller micro-batches, and stops at an odd number of sequences', () => {
    const tried = [...smallerReplicas({ seed: 1, batch: 12, sequence: 8 })];
    expect(tried.map(({ batch, checkpoint = false }) => [batch, checkpoint])).toEqual([
      [12, false],
      [12, true],
      [6, true],
      [3, true],
    ]);
  });
});
