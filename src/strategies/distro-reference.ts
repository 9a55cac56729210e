import { aggregateVotes } from '../compression/aggregate.ts';
import { blockLayout, type BlockLayout, type ParameterSpec } from '../compression/blocks.ts';
import { integerApplyReference } from '../compression/integer-apply.ts';
import { stateDigestReference } from '../compression/state-digest.ts';
import { roundStep, type DistroHyperparameters } from './distro.ts';
import type { WeightedPayload } from './strategy.ts';

/**
 * The replica that DistroStrategy keeps, without a GPU: applies records to plain arrays in plain loops and holds the same
 * 32-bit words. The truth against which GPUs are tested, and with which a differing replica is repaired.
 */
export class DistroReference {
  readonly layout: BlockLayout;
  readonly #hyper: DistroHyperparameters;
  #values: Float32Array<ArrayBuffer>;

  /** `initial` is f32 [all elements] in the order of `specs`; it is copied. */
  constructor(specs: readonly ParameterSpec[], initial: Float32Array, hyper: DistroHyperparameters) {
    this.layout = blockLayout(specs);
    this.#hyper = hyper;
    this.#values = new Float32Array(initial);
  }

  /** f32 [all elements] after the rounds applied so far. */
  get values(): Float32Array<ArrayBuffer> {
    return this.#values;
  }

  /** Throws StarlingError `unusable-contribution`. */
  apply(round: number, contributions: readonly WeightedPayload[]): void {
    const votes = aggregateVotes(this.layout, this.#hyper.k, contributions);
    this.#values = integerApplyReference(this.layout, this.#values, votes, roundStep(this.#hyper, round));
  }

  /** 32 hex digits. */
  digest(): string {
    return stateDigestReference(this.#values);
  }
}
