import type { Bytes } from '../../src/base/bytes.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import type { Decoded } from '../../src/base/verdict.ts';

/** A valid input. `value` is what it was made of, for mutations that know the fields. */
export interface Sample<V = unknown> {
  readonly bytes: Bytes;
  readonly value: V;
}

/**
 * A decoder, and what is needed to attack it. `S` is what valid inputs are made of, `V` what the decoder gives; for most
 * targets they are one type. Everything here is a pure function of the random numbers drawn.
 */
export interface FuzzTarget<S = unknown, V = unknown> {
  readonly name: string;
  /** What a mutant must get through to count as past the first guard, in words. */
  readonly firstGuard: string;
  /** Mutants relative to other targets: 1, or less where one decode is slow. */
  readonly share: number;
  /** The least part of mutants that must get past the first guard. */
  readonly leastPast: number;
  /** Each value has exactly one encoding: what is accepted encodes to the same bytes. */
  readonly canonical: boolean;
  /** Encoding rounds, so that only what was encoded once comes back as it was. */
  readonly rounds: boolean;
  /** A valid input; how often `encode` and `decode` must give it back is checked too. */
  sample(random: SeededRandom): Sample<S>;
  mutate(random: SeededRandom, sample: Sample<S>, other: Sample<S>): Bytes;
  /** The decoder. Throwing is what is looked for. */
  decode(bytes: Bytes): Decoded<V> | Promise<Decoded<V>>;
  isPast(bytes: Bytes, outcome: Decoded<V>): boolean;
  /** The bytes of an accepted value; undefined where the format has none for it and says so. */
  encode(value: V): Bytes | undefined;
  /** What an accepted value breaks of what the decoder promises, or undefined. */
  problem(value: V): string | undefined;
  /** How many bytes the decoder is given: more than `bytes` has, where those describe the input. */
  inputBytes(bytes: Bytes): number;
}

type Optional = 'share' | 'leastPast' | 'canonical' | 'rounds' | 'problem' | 'inputBytes';

/** A target with the usual answers where it gives none. */
export function fuzzTarget<S, V>(
  target: Omit<FuzzTarget<S, V>, Optional> & Partial<Pick<FuzzTarget<S, V>, Optional>>,
): FuzzTarget<S, V> {
  return {
    share: 1,
    leastPast: 0.5,
    canonical: false,
    rounds: false,
    problem: () => undefined,
    inputBytes: (bytes) => bytes.length,
    ...target,
  };
}
