import type { Bytes } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { stateDigestReference } from '../compression/state-digest.ts';
import { decodeParameters, type ParameterLayout } from '../model/parameters.ts';
import type { Replica } from '../model/replica.ts';
import { DistroReference } from '../strategies/distro-reference.ts';
import type { DistroHyperparameters } from '../strategies/distro.ts';
import type { WeightedPayload } from '../strategies/strategy.ts';

/** A replica's state after a round, from anywhere: `state` must come from the ledger, `bytes` may come from anyone. */
export interface Checkpoint {
  readonly round: number;
  /** The agreed digest of the state after `round`: 32 hex digits. */
  readonly state: string;
  /** As Replica.snapshot gives them. */
  readonly bytes: Bytes;
}

/** An agreed round, reduced to what apply reads of it. */
export interface ReplayableRound {
  readonly round: number;
  readonly contributions: readonly WeightedPayload[];
}

/** The state that a checkpoint and the rounds after it lead to. */
export interface Replayed {
  readonly round: number;
  /** f32 [layout.length] */
  readonly values: Float32Array<ArrayBuffer>;
  /** 32 hex digits of `values`. */
  readonly state: string;
}

/** What fixes how rounds are applied in a run. */
export interface ReplayRules {
  readonly layout: ParameterLayout;
  readonly hyper: DistroHyperparameters;
}

/** Awaited after every round replayed, with the state so far: shows progress, and lets a worker do something else in between. */
export type ReplayProgress = (
  done: number,
  total: number,
  reference: Pick<DistroReference, 'values' | 'digest'>,
) => void | Promise<void>;

/**
 * Applies agreed rounds to a checkpoint on the CPU reference (design section 4, "repair"): the result is right whoever the
 * majority is, because it depends on the ledger alone. Never throws for what it is given. Reasons to refuse: those of
 * decodeParameters, `checkpoint is not the agreed state`, `a round is missing`, `a contribution cannot be applied`.
 */
export async function replayRounds(
  { layout, hyper }: ReplayRules,
  checkpoint: Checkpoint,
  rounds: readonly ReplayableRound[],
  onRound?: ReplayProgress,
): Promise<Decoded<Replayed>> {
  const decoded = decodeParameters(layout, checkpoint.bytes);
  if (!decoded.ok) return decoded;
  if (stateDigestReference(decoded.value) !== checkpoint.state)
    return refused('checkpoint is not the agreed state');
  const reference = new DistroReference(layout.specs, decoded.value, hyper);
  for (const [index, { round, contributions }] of rounds.entries()) {
    if (round !== checkpoint.round + index + 1) return refused('a round is missing');
    try {
      reference.apply(round, contributions);
    } catch (thrown) {
      if (!(thrown instanceof StarlingError && thrown.code === 'unusable-contribution')) throw thrown;
      return refused('a contribution cannot be applied');
    }
    await onRound?.(index + 1, rounds.length, reference);
  }
  const round = checkpoint.round + rounds.length;
  return accepted({ round, values: reference.values, state: reference.digest() });
}

/** How a replica's words differ from the replay's. */
export interface Difference {
  /** 32-bit words that are not the same. */
  readonly words: number;
  /** Names of the tensors that hold them, in layout order. */
  readonly tensors: readonly string[];
}

/** Compares f32 values [layout.length] word by word, so that NaN and negative zero count as what they are. */
export function differenceOf(layout: ParameterLayout, own: Float32Array, right: Float32Array): Difference {
  const [a, b] = [own, right].map(
    (values) => new Uint32Array(values.buffer, values.byteOffset, values.length),
  );
  let words = 0;
  const tensors: string[] = [];
  for (const { name, rows, cols, offset } of layout.specs) {
    const before = words;
    for (let i = offset; i < offset + rows * cols; i++) if (a[i] !== b[i]) words++;
    if (words > before) tensors.push(name);
  }
  return { words, tensors };
}

/**
 * What came of a repair. `sound`: this replica holds the replay's words, so whoever has another digest is wrong. `repaired`:
 * it did not, and does now. `failed`: nothing is known to be right here; take a snapshot from others, or leave.
 */
export type RepairOutcome =
  | { readonly kind: 'sound'; readonly round: number; readonly state: string }
  | {
      readonly kind: 'repaired';
      readonly round: number;
      readonly state: string;
      readonly difference: Difference;
    }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Replays the rounds after a checkpoint and writes every word of the result to the replica where any differs. `rounds` must
 * end with the last round the replica applied, and nothing may be applied until this returns. Momentum stays as it is: it
 * is nobody else's, and never part of the state. Reasons to fail: those of replayRounds, `the GPU does not hold what is
 * written to it`.
 */
export async function repairReplica(
  replica: Pick<Replica, 'layout' | 'snapshot' | 'load' | 'digest'>,
  hyper: DistroHyperparameters,
  checkpoint: Checkpoint,
  rounds: readonly ReplayableRound[],
  onRound?: ReplayProgress,
): Promise<RepairOutcome> {
  const { layout } = replica;
  const replayed = await replayRounds({ layout, hyper }, checkpoint, rounds, onRound);
  if (!replayed.ok) return { kind: 'failed', reason: replayed.reason };
  const { round, state, values } = replayed.value;
  const difference = differenceOf(layout, new Float32Array((await replica.snapshot()).buffer), values);
  if (difference.words > 0) replica.load(values);
  if ((await replica.digest()) !== state)
    return { kind: 'failed', reason: 'the GPU does not hold what is written to it' };
  return difference.words > 0
    ? { kind: 'repaired', round, state, difference }
    : { kind: 'sound', round, state };
}
