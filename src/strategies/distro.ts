import type { Bytes } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import { hashWords } from '../base/random.ts';
import { aggregateVotes, scatteredVotes, type VoteList } from '../compression/aggregate.ts';
import { blockLayout, type BlockLayout } from '../compression/blocks.ts';
import { DctTopK, type Departed } from '../compression/dct-top-k.ts';
import { IntegerApply, type RoundStep } from '../compression/integer-apply.ts';
import { decodeUpdate, largestK, maxPayloadBytes } from '../compression/sparse-update.ts';
import { Journal } from './journal.ts';
import { decayAt, stepAt, type Schedule } from './schedule.ts';
import type { Strategy, WeightedPayload } from './strategy.ts';
import type { Trainable } from './trainable.ts';

/** Own contributions remembered until their round is final: four times what may be unfinal before an epoch change. */
export const journalRounds = 256;
/** Applying a round is timed with the votes of so many contributions. */
const membersTimed = 4;

/** What fixes the DisTrO strategy of a run. */
export interface DistroHyperparameters {
  /** k: coefficients of a block that leave in a round, 1 to 64. */
  readonly k: number;
  /** Beta: what momentum keeps from round to round, in [0, 1). Local, so a float. */
  readonly momentumDecay: number;
  /** L by round. */
  readonly schedule: Schedule;
  /** Weight decay, per mille of the learning rate. */
  readonly decayPermille: number;
  /** The run's seed: dither of the decay. */
  readonly seed: number;
}

/** Why these cannot be trained with, or undefined. Keeps L and D inside the ranges of shaders/apply.wgsl. */
export function distroProblem({
  k,
  momentumDecay,
  schedule,
  decayPermille,
}: DistroHyperparameters): string | undefined {
  if (!Number.isInteger(k) || k < 1 || k > largestK) return `k must be a whole number from 1 to ${largestK}`;
  if (!(momentumDecay >= 0 && momentumDecay < 1)) return 'the momentum decay must be in [0, 1)';
  if (!Number.isInteger(decayPermille) || decayPermille < 0)
    return 'the decay must be whole and not negative';
  if (schedule.length === 0) return 'the schedule is empty';
  let last = -1;
  for (const [round, step] of schedule) {
    if (!Number.isSafeInteger(round) || round <= last) return 'the rounds of the schedule must increase';
    if (!Number.isInteger(step) || step < 0 || step >= 2 ** 24) return 'a step must be whole and below 2^24';
    if (decayAt(step, decayPermille) >= 2 ** 18) return 'step times decay is out of range';
    last = round;
  }
  return undefined;
}

/** L, D and the dither key of a round: integers only, the same at every replica. */
export function roundStep(
  { schedule, decayPermille, seed }: DistroHyperparameters,
  round: number,
): RoundStep {
  const step = stepAt(schedule, round);
  return { step, decay: decayAt(step, decayPermille), roundKey: hashWords(seed, round) };
}

/**
 * DisTrO's DeMo with sign-only votes (Peng et al. 2024; design section 5): momentum in the DCT domain, the k largest
 * coefficients of each block leave as index and sign, their weighted votes are summed and transformed back in integers, and
 * every parameter moves by one step against the sign.
 */
export class DistroStrategy implements Strategy<VoteList> {
  readonly name = 'distro';
  readonly layout: BlockLayout;
  readonly #gpu: Trainable['gpu'];
  readonly #hyper: DistroHyperparameters;
  readonly #compressor: DctTopK;
  readonly #applier: IntegerApply;
  readonly #journal = new Journal<Departed>(journalRounds);

  /** Throws StarlingError `distro-config` or `unblockable-parameters`. */
  constructor(replica: Trainable, hyper: DistroHyperparameters) {
    const problem = distroProblem(hyper);
    if (problem !== undefined) {
      throw new StarlingError(
        'distro-config',
        `This run cannot be trained: ${problem}.`,
        'Start a run with other settings.',
      );
    }
    this.layout = blockLayout(replica.tensors.map(({ spec }) => spec));
    this.#gpu = replica.gpu;
    this.#hyper = hyper;
    this.#compressor = new DctTopK(replica, this.layout, hyper);
    this.#applier = new IntegerApply(
      replica.gpu,
      this.layout,
      replica.tensors.map(({ values }) => values),
    );
  }

  /** The longest payload of this run. */
  get maxPayloadBytes(): number {
    return maxPayloadBytes(this.layout, this.#hyper.k);
  }

  /** f32 [blocks, 4096 or 64] for each tensor of the layout: this volunteer's own, never replicated. */
  get momentum(): DctTopK['momentum'] {
    return this.#compressor.momentum;
  }

  /**
   * All it dispatches, to be run one by one and in any order, for how long they take. Parameters stay as they are; what is in the momentum
   * then means nothing until `forgetMomentum`.
   */
  prepared(): DctTopK['dispatches'] {
    const votes = scatteredVotes(this.layout, membersTimed * this.#hyper.k);
    return [...this.#compressor.dispatches, ...this.#applier.prepared(votes)];
  }

  /** Momentum as it was at first. */
  forgetMomentum(): void {
    this.#gpu.submit([], this.momentum);
  }

  /** Throws where `round` was compressed before and is remembered: checked before anything leaves the momentum. */
  async compress(round: number): Promise<Bytes> {
    invariant(!this.#journal.has(round), `round ${round} is compressed once`);
    const { payload, departed } = await this.#compressor.compress();
    this.#journal.add(round, departed);
    return payload;
  }

  accumulate(_round: number): Promise<void> {
    this.#compressor.accumulate();
    return Promise.resolve();
  }

  giveBack(round: number): boolean {
    const departed = this.#journal.take(round);
    if (departed === undefined) return false;
    this.#compressor.putBack(departed);
    return true;
  }

  forget(round: number): boolean {
    return this.#journal.take(round) !== undefined;
  }

  get departures(): { readonly open: number; readonly dropped: number } {
    const { open, dropped } = this.#journal;
    return { open, dropped };
  }

  payloadProblem(payload: Bytes): string | undefined {
    const decoded = decodeUpdate(this.layout, this.#hyper.k, payload);
    return decoded.ok ? undefined : decoded.reason;
  }

  /** Throws StarlingError `unusable-contribution`: see aggregateVotes. */
  aggregate(contributions: readonly WeightedPayload[]): VoteList {
    return aggregateVotes(this.layout, this.#hyper.k, contributions);
  }

  /** Submits the round; reads of the parameters after it see its result. */
  apply(round: number, update: VoteList): Promise<void> {
    this.#applier.apply(update, roundStep(this.#hyper, round));
    return Promise.resolve();
  }

  /** Frees the momentum and scratch memory. The replica stays. */
  close(): void {
    this.#compressor.close();
    this.#applier.close();
  }
}
