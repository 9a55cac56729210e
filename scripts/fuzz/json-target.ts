import { utf8, type Bytes } from '../../src/base/bytes.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import type { Decoded } from '../../src/base/verdict.ts';
import { oneIn, pick } from './draw.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { jsonText, mutateValue } from './mutate-values.ts';
import { fuzzTarget, type FuzzTarget } from './target.ts';

export const textOf = (bytes: Bytes): string => new TextDecoder().decode(bytes);

/** A target whose input is JSON text; past the first guard is what parses as JSON. */
export function jsonTarget<S, V>(
  name: string,
  parts: Pick<FuzzTarget<S, V>, 'encode'> &
    Partial<Pick<FuzzTarget<S, V>, 'share' | 'rounds' | 'problem'>> & {
      readonly generate: (random: SeededRandom) => S;
      /** The JSON of a sample, fields still apart. */
      readonly json?: (value: S) => unknown;
      readonly decode: (bytes: Bytes) => Decoded<V> | Promise<Decoded<V>>;
      /** Reasons of the first guard. */
      readonly notJson: readonly string[];
    },
): FuzzTarget<S, V> {
  const { generate, notJson, json = (value: S): unknown => value, ...rest } = parts;
  return fuzzTarget<S, V>({
    name,
    firstGuard: 'parses as JSON within the longest length',
    ...rest,
    sample(random) {
      const value = generate(random);
      return { value, bytes: utf8(jsonText(json(value))) };
    },
    mutate(random, sample, other) {
      let { bytes } = sample;
      const inFields = !oneIn(random, 5);
      if (inFields) {
        let value: unknown = sample.value;
        for (let left = pick(random, [1, 1, 1, 2]); left > 0; left--)
          value = mutateValue(random, value, 'json');
        bytes = utf8(jsonText(isObject(value) ? json(value as S) : value));
      }
      if (!inFields || oneIn(random, 10)) bytes = mutateBytes(random, bytes, other.bytes);
      return bytes;
    },
    isPast: (_bytes, outcome) => outcome.ok || !notJson.includes(outcome.reason),
  });
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
