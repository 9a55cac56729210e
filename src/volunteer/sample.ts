import { SeededRandom } from '../base/random.ts';
import { readable } from '../data/tokenizer.ts';
import { generate } from '../model/generate.ts';
import type { VolunteerStatus } from './status.ts';
import type { Street } from './train-round.ts';

const sampleLength = 120;
const nanoSampleLength = 48;
const samplePrompt = 'The ';

/** Text that the replica writes after `round`. `seed` is local: no other volunteer need write the same. */
export async function writeSample(
  { replica, tokenizer, config }: Street,
  round: number,
  seed: number,
): Promise<NonNullable<VolunteerStatus['sample']>> {
  const prompt = tokenizer.encode(new TextEncoder().encode(samplePrompt));
  const count = config.preset === 'nano' ? nanoSampleLength : sampleLength;
  const tokens: number[] = [...prompt];
  const choice = { temperature: 0.7, topK: 40, random: new SeededRandom(seed) };
  for await (const token of generate(replica, { prompt, count, ...choice })) tokens.push(token);
  return { round, text: readable(tokenizer, tokens) };
}
