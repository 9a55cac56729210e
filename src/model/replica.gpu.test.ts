import { beforeAll, describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { digestHex } from '../kernels/digest.ts';
import { digestReference } from '../kernels/digest.reference.ts';
import { openTestGpu, relativeL2 } from '../testing/gpu.ts';
import { presets, type ModelConfig } from './config.ts';
import { generate, generateText } from './generate.ts';
import { initialParameters, parameterLayout } from './parameters.ts';
import { clipNorm, Replica } from './replica.ts';
import type { TokenBatch } from './token-batch.ts';
import { ReferenceTransformer } from './transformer.reference.ts';

// The context is no multiple of anything, and sequences are shorter still.
const config: ModelConfig = { vocabulary: 128, width: 64, blocks: 2, heads: 2, hidden: 192, context: 13 };
const shape = { seed: 1, batch: 3, sequence: 11 };

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});

/** Weights large enough that no path through the model is nearly linear or nearly dead. */
function lively(random: SeededRandom): Float32Array<ArrayBuffer> {
  const layout = parameterLayout(config);
  const values = new Float32Array(layout.length);
  for (const { kind, rows, cols, offset } of layout.specs) {
    for (let i = offset; i < offset + rows * cols; i++) {
      values[i] = kind === 'gains' ? 1 + 0.2 * random.normal() : 0.1 * random.normal();
    }
  }
  return values;
}

function tokens(random: SeededRandom, sequences: number): TokenBatch {
  const length = sequences * shape.sequence;
  const draw = (): number => random.below(config.vocabulary);
  return { ids: Uint32Array.from({ length }, draw), targets: Uint32Array.from({ length }, draw) };
}

async function gradientsOf(
  replica: Replica,
): Promise<{ name: string; gradient: Float32Array<ArrayBuffer> }[]> {
  return Promise.all(
    replica.tensors.map(async ({ spec, gradient }) => ({
      name: spec.name,
      gradient: await gpu.readF32(gradient),
    })),
  );
}

/** A replica of lively weights, with the float64 model of the same weights beside it. */
function pair(seed: number): { replica: Replica; reference: ReferenceTransformer; random: SeededRandom } {
  const random = new SeededRandom(seed);
  const values = lively(random);
  const replica = Replica.create(gpu, config, shape);
  replica.load(values);
  return {
    replica,
    reference: new ReferenceTransformer(config, Float64Array.from(values), shape.sequence),
    random,
  };
}

function expectGradients(
  actual: readonly { name: string; gradient: Float32Array<ArrayBuffer> }[],
  expected: Float64Array,
  bound: number,
): void {
  parameterLayout(config).specs.forEach(({ name, rows, cols, offset }, index) => {
    const wanted = expected.subarray(offset, offset + rows * cols);
    expect(relativeL2(actual[index].gradient, wanted), name).toBeLessThan(bound);
  });
}

describe('a replica', () => {
  it('computes the loss and every gradient of the float64 model within 1e-5 (seed 21)', async () => {
    const { replica, reference, random } = pair(21);
    const batch = tokens(random, shape.batch);
    const wanted = reference.lossAndGradients(batch);
    replica.beginRound();
    expect(Math.abs((await replica.forwardBackward(batch)) - wanted.loss)).toBeLessThan(1e-5);
    expectGradients(await gradientsOf(replica), wanted.gradients, 1e-5);
    replica.close();
  });

  it('adds gradients up over micro-batches that nobody waited for, and its norm is that of their mean (seed 22)', async () => {
    const { replica, reference, random } = pair(22);
    const batches = [1, 2, 3].map(() => tokens(random, shape.batch));
    const wanted = batches.map((batch) => reference.lossAndGradients(batch));
    const sum = Float64Array.from(wanted[0].gradients, (_, i) =>
      wanted.reduce((total, { gradients }) => total + gradients[i], 0),
    );
    replica.beginRound();
    for (const batch of batches) replica.enqueue(batch);
    const meanLoss = wanted.reduce((total, { loss }) => total + loss, 0) / batches.length;
    expect(Math.abs((await replica.roundLoss()) - meanLoss)).toBeLessThan(1e-5);
    expectGradients(await gradientsOf(replica), sum, 1e-5);
    gpu.submit(replica.gradientDispatches);
    const [norm, multiplier] = await gpu.readF32(replica.norm);
    const meanNorm = Math.hypot(...sum) / batches.length;
    expect(Math.abs(norm / meanNorm - 1)).toBeLessThan(1e-5);
    const wantedMultiplier = Math.min(1, clipNorm / (meanNorm + 1e-6)) / batches.length;
    expect(Math.abs(multiplier / wantedMultiplier - 1)).toBeLessThan(1e-5);
    replica.close();
  });

  it('forgets the round before: the same batch gives the same gradient words whatever ran in between (seed 23)', async () => {
    const { replica, random } = pair(23);
    const batch = tokens(random, shape.batch);
    replica.beginRound();
    const loss = await replica.forwardBackward(batch);
    const before = await gradientsOf(replica);
    await replica.forwardBackward(tokens(random, shape.batch));
    await replica.evaluate(tokens(random, 1));
    replica.beginRound();
    expect(await replica.forwardBackward(batch)).toBe(loss);
    expect(await replica.roundLoss()).toBe(loss);
    expect(await gradientsOf(replica)).toEqual(before);
    replica.close();
  });

  it('evaluates any number of sequences and leaves the gradients alone (seed 24)', async () => {
    const { replica, reference, random } = pair(24);
    replica.beginRound();
    await replica.forwardBackward(tokens(random, shape.batch));
    const before = await gradientsOf(replica);
    for (const sequences of [1, 3, 7]) {
      const batch = tokens(random, sequences);
      const error = Math.abs((await replica.evaluate(batch)) - reference.loss(batch));
      expect(error, `${sequences} sequences`).toBeLessThan(1e-5);
    }
    expect(await gradientsOf(replica)).toEqual(before);
    replica.close();
  });

  it('starts with the initial parameters of its seed, and its digest is that of those words', async () => {
    const replica = Replica.create(gpu, config, shape);
    const wanted = initialParameters(config, shape.seed);
    expect(new Float32Array((await replica.snapshot()).buffer)).toEqual(wanted);
    expect(await replica.digest()).toBe(digestHex(digestReference(wanted)));
    const other = Replica.create(gpu, config, { ...shape, seed: 2 });
    expect(await other.digest()).not.toBe(await replica.digest());
    replica.close();
    other.close();
  });

  it('takes over a snapshot word for word, and refuses what is none without changing', async () => {
    const giver = Replica.create(gpu, config, shape);
    const taker = Replica.create(gpu, config, { ...shape, seed: 2 });
    const own = await taker.digest();
    const bytes = await giver.snapshot();
    const broken = bytes.slice();
    broken.fill(0xff, 400, 404); // NaN
    for (const bad of [broken, bytes.slice(4), new Uint8Array(0)]) {
      expect(taker.restore(bad).ok).toBe(false);
      expect(await taker.digest()).toBe(own);
    }
    expect(taker.restore(bytes).ok).toBe(true);
    expect(await taker.digest()).toBe(await giver.digest());
    expect(await taker.snapshot()).toEqual(bytes);
    giver.close();
    taker.close();
  });

  it('snapshots what it holds at the call, with no buffer larger than its largest tensor', async () => {
    const replica = Replica.create(gpu, presets.nano, { seed: 3, batch: 1, sequence: 8 });
    const { device } = gpu;
    const create = device.createBuffer.bind(device);
    const sizes: number[] = [];
    device.createBuffer = (descriptor) => {
      sizes.push(descriptor.size);
      return create(descriptor);
    };
    const taken = replica.snapshot();
    Reflect.deleteProperty(device, 'createBuffer'); // the prototype's own again
    replica.load(initialParameters(presets.nano, 4));
    expect(new Float32Array((await taken).buffer)).toEqual(initialParameters(presets.nano, 3));
    expect(sizes).not.toEqual([]);
    const largest = Math.max(...replica.tensors.map(({ values }) => 4 * values.length));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(largest);
    replica.close();
  });

  it('gives all its memory back when closed', () => {
    const before = gpu.bytesAllocated;
    const replica = Replica.create(gpu, presets.nano, { seed: 1, batch: 1, sequence: 8 });
    expect(gpu.bytesAllocated).toBeGreaterThan(before);
    replica.close();
    expect(gpu.bytesAllocated).toBe(before);
  });
});

describe('generating', () => {
  it('at temperature 0 takes the likeliest token of the float64 model, past the end of the context too (seed 25)', async () => {
    const random = new SeededRandom(25);
    const values = lively(random);
    const replica = Replica.create(gpu, config, shape);
    replica.load(values);
    const seen = [5, 6, 7];
    const made: number[] = [];
    const options = { temperature: 0, topK: 1, random, count: 16 };
    for await (const token of generate(replica, { ...options, prompt: seen })) made.push(token);
    for (const token of made) {
      const window = Uint32Array.from(seen.slice(-config.context));
      const reference = new ReferenceTransformer(config, Float64Array.from(values), window.length);
      const last = reference.logits(window).slice(-config.vocabulary);
      expect(token).toBe(last.indexOf(Math.max(...last)));
      seen.push(token);
    }
    expect(made.length).toBe(options.count);
    replica.close();
  });

  it('frees its workspace when the listener stops early', async () => {
    const replica = Replica.create(gpu, config, shape);
    const before = gpu.bytesAllocated;
    const options = { temperature: 1, topK: 10, random: new SeededRandom(1), prompt: [1], count: 100 };
    for await (const token of generate(replica, options)) {
      expect(gpu.bytesAllocated).toBeGreaterThan(before);
      expect(token).toBeLessThan(config.vocabulary);
      break;
    }
    expect(gpu.bytesAllocated).toBe(before);
    replica.close();
  });

  it('writes the same text for the same seed, with replacement characters for bytes that are not UTF-8', async () => {
    const replica = Replica.create(gpu, presets.nano, { seed: 1, batch: 1, sequence: 8 });
    const write = async (seed: number): Promise<string> => {
      const options = {
        temperature: 1,
        topK: 256,
        random: new SeededRandom(seed),
        prompt: 'The ',
        count: 24,
      };
      let text = '';
      for await (const piece of generateText(replica, byteTokenizer, options)) text += piece;
      return text;
    };
    const text = await write(4);
    expect(text).toContain('\ufffd'); // an untrained model draws bytes nearly evenly
    expect(await write(4)).toBe(text);
    expect(await write(5)).not.toBe(text);
    replica.close();
  });
});
