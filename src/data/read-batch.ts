import type { Sample } from './assignment.ts';
import { toBatch, type Batch } from './batch.ts';
import type { Corpus } from './corpus.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * The batch [B, T] of B samples of T + 1 tokens each. Rejects as Corpus.read does.
 */
export async function readBatch(
  corpus: Corpus,
  tokenizer: Tokenizer,
  samples: readonly Sample[],
  sequenceLength: number,
): Promise<Batch> {
  const texts = await Promise.all(samples.map((sample) => corpus.read(sample)));
  const tokens = texts.map((text) => tokenizer.encode(text)); // [B][T + 1]
  return toBatch(tokens, samples.length, sequenceLength);
}
