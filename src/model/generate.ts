import { invariant } from '../base/invariant.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { Decoder } from './decoder.ts';
import type { Replica } from './replica.ts';
import { sampleToken, type SamplingOptions } from './sampling.ts';

/**
 * Continues `prompt` (token ids, at least one) by `count` tokens, one at a time as they are asked for, so the caller
 * decides when the GPU works. The model sees the last `context` tokens. The prompt goes through it once, then every token
 * as one row over the keys and values kept, until the context is full: from there on the window moves, and with it every
 * position in it, so all of it is computed for each token. Parameters are read as they are at that moment, so a sample may
 * span rounds. The workspace is held on the GPU until the generator ends. Throws StarlingError where the GPU refuses it.
 */
export async function* generate(
  replica: Replica,
  options: SamplingOptions & { readonly prompt: ArrayLike<number>; readonly count: number },
): AsyncGenerator<number, void, undefined> {
  const { gpu, config, weights } = replica;
  const tokens = Array.from(options.prompt);
  invariant(tokens.length > 0, 'a prompt of at least one token');
  const capacity = Math.min(config.context, tokens.length + options.count);
  const decoder = await gpu.prepare('the sample', () => new Decoder(gpu, config, weights, capacity));
  try {
    for (let made = 0; made < options.count; made++) {
      const token = sampleToken(await decoder.logitsAfter(tokens.slice(-capacity)), options);
      tokens.push(token);
      yield token;
    }
  } finally {
    decoder.free();
  }
}

/**
 * `generate` as text: pieces to be joined, some of them empty while a character is incomplete. Bytes that are not UTF-8
 * become replacement characters. The prompt is not repeated.
 */
export async function* generateText(
  replica: Replica,
  tokenizer: Tokenizer,
  options: SamplingOptions & { readonly prompt: string; readonly count: number },
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  const prompt = tokenizer.encode(new TextEncoder().encode(options.prompt));
  for await (const token of generate(replica, { ...options, prompt })) {
    yield decoder.decode(tokenizer.decode([token]), { stream: true });
  }
  yield decoder.decode();
}
