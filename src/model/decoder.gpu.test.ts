import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, randomNormal, relativeL2 } from '../testing/gpu.ts';
import type { ModelConfig } from './config.ts';
import { slice } from '../gpu/tensor.ts';
import { Decoder } from './decoder.ts';
import { generate } from './generate.ts';
import { parameterLayout } from './parameters.ts';
import { Replica } from './replica.ts';
import { sampleToken } from './sampling.ts';
import { ReferenceTransformer } from './transformer.reference.ts';
import { bindPasses } from './transformer.ts';

const gpu = await openTestGpu();
const config: ModelConfig = { vocabulary: 64, width: 64, blocks: 2, heads: 4, hidden: 128, context: 40 };

/** A replica whose logits differ clearly, and its float64 twin's logits after some tokens. */
function lively(seed: number) {
  const values = randomNormal(new SeededRandom(seed), parameterLayout(config).length, 0.3);
  const replica = Replica.create(gpu, config, { seed: 1, batch: 1, sequence: 8 });
  replica.load(values);
  const after = (tokens: readonly number[]): Float64Array => {
    const reference = new ReferenceTransformer(config, Float64Array.from(values), tokens.length);
    return reference.logits(Uint32Array.from(tokens)).slice(-config.vocabulary);
  };
  return { replica, after };
}

describe('decoding with a cache', () => {
  it('gives the logits of the float64 model within 1e-4, however the tokens come (seed 31)', async () => {
    const { replica, after } = lively(31);
    const decoder = new Decoder(gpu, config, replica.weights, config.context);
    const random = new SeededRandom(32);
    const text = Array.from({ length: 60 }, () => random.below(config.vocabulary));
    const windows: [string, number[]][] = [
      ['a short beginning', text.slice(0, 3)],
      ['one more', text.slice(0, 4)],
      ['many more', text.slice(0, 30)],
      ['one more after those', text.slice(0, 31)],
      ['a few more, to the last that fits', text.slice(0, 40)],
      ['a window that moved', text.slice(1, 41)],
      ['and moved on', text.slice(2, 42)],
      ['another text', text.slice(50)],
      ['which goes on', [...text.slice(50), 7]],
    ];
    for (const [name, tokens] of windows) {
      const error = relativeL2(await decoder.logitsAfter(tokens), after(tokens));
      expect(error, name).toBeLessThanOrEqual(1e-4);
    }
    decoder.free();
    replica.close();
  });

  it('reads all of a vocabulary whose embedding and head come in parts (seed 36)', async () => {
    const wide = { ...config, vocabulary: 576 };
    const values = randomNormal(new SeededRandom(36), parameterLayout(wide).length, 0.3);
    const logits: Float32Array[] = [];
    for (const most of [{}, { most: 64 * 256 }]) {
      const replica = Replica.create(gpu, wide, { seed: 1, batch: 1, sequence: 8, ...most });
      replica.load(values);
      expect(replica.weights.head.length).toBe('most' in most ? 3 : 1);
      const decoder = new Decoder(gpu, wide, replica.weights, 16);
      await decoder.logitsAfter([575, 3, 300]);
      logits.push(await decoder.logitsAfter([575, 3, 300, 511]));
      decoder.free();
      replica.close();
    }
    expect(relativeL2(logits[1], logits[0])).toBeLessThanOrEqual(1e-6);
  });

  it('writes what a whole pass for every token writes, for the same seed, past the end of the context too (seed 34)', async () => {
    const { replica } = lively(34);
    const { context, vocabulary } = config;
    const tokens = [1, 2, 3];
    const made: number[] = [];
    const options = { temperature: 0.7, topK: 20 };
    const prompt = tokens.slice();
    const passes = bindPasses(gpu, config, replica.weights, { batch: 1, sequence: context });
    const random = new SeededRandom(35);
    for await (const token of generate(replica, {
      ...options,
      random: new SeededRandom(35),
      prompt,
      count: context,
    })) {
      const seen = tokens.slice(-context);
      const ids = new Uint32Array(context);
      ids.set(seen);
      gpu.write(passes.ids, ids);
      gpu.submit(passes.forward);
      const logits = await gpu.readF32(slice(passes.logits, (seen.length - 1) * vocabulary, [vocabulary]));
      tokens.push(sampleToken(logits, { ...options, random }));
      made.push(token);
    }
    expect(made).toEqual(tokens.slice(prompt.length));
    passes.free();
    replica.close();
  });

  it('takes as many dispatches for a token, however many came before it', async () => {
    const { replica } = lively(33);
    const decoder = new Decoder(gpu, config, replica.weights, config.context);
    const counts: number[] = [];
    for (const length of [1, 2, 20, 21, 40]) {
      let dispatches = 0;
      gpu.onDispatch = () => dispatches++;
      await decoder.logitsAfter(Array.from({ length }, (_, i) => i));
      gpu.onDispatch = undefined;
      counts.push(dispatches);
    }
    expect(counts[1]).toBe(counts[0]);
    expect(counts[3]).toBe(counts[0]);
    expect(counts[0]).toBe(1 + 7 * config.blocks + 2);
    decoder.free();
    replica.close();
  });
});
