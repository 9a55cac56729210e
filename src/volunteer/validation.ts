import type { PeerId } from '../base/ids.ts';
import { validationSamples, type Sample } from '../data/assignment.ts';
import type { Batch } from '../data/batch.ts';
import type { Corpus } from '../data/corpus.ts';
import { readBatch } from '../data/read-batch.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import type { Replica } from '../model/replica.ts';
import type { CountedContribution } from '../swarm/swarm-api.ts';
import type { RunConfig } from './run-config.ts';

/** The run's fixed validation text, cut into batches [B, T] that are read when first needed. */
export class ValidationSet {
  readonly batches: readonly (readonly Sample[])[];
  readonly #sequenceLength: number;
  readonly #corpus: Corpus;
  readonly #tokenizer: Tokenizer;
  readonly #read = new Map<number, Batch>();

  constructor(config: RunConfig, corpus: Corpus, tokenizer: Tokenizer) {
    const { microBatch, validationSequences, model, seed } = config;
    const count = Math.ceil(validationSequences / microBatch) * microBatch;
    const samples = validationSamples({
      seed,
      count,
      sequenceLength: model.context,
      shards: corpus.manifest.shards,
    });
    const batches: Sample[][] = [];
    for (let i = 0; i < samples.length; i += microBatch) batches.push(samples.slice(i, i + microBatch));
    this.batches = batches;
    this.#sequenceLength = model.context;
    this.#corpus = corpus;
    this.#tokenizer = tokenizer;
  }

  /** The mean loss of these batches, nats a token. */
  async measure(replica: Replica, indices: readonly number[]): Promise<number> {
    let sum = 0;
    for (const index of indices) sum += await replica.evaluate(await this.#batch(index));
    return sum / indices.length;
  }

  async #batch(index: number): Promise<Batch> {
    const known = this.#read.get(index);
    if (known !== undefined) return known;
    const batch = await readBatch(this.#corpus, this.#tokenizer, this.batches[index], this.#sequenceLength);
    this.#read.set(index, batch);
    return batch;
  }
}

/** Validation is measured before round 1 and then every `validationEvery` rounds. */
export const measuresValidation = (config: RunConfig, round: number): boolean =>
  (round - 1) % config.validationEvery === 0;

/** Batches that member `index` of `members` measures: every batch is measured by exactly one member. */
export function validationShare(batches: number, index: number, members: number): number[] {
  if (index < 0) return [];
  return Array.from({ length: batches }, (_, batch) => batch).filter((batch) => batch % members === index);
}

/** The mean over the validation set from the members' shares that a record counts; undefined where none measured. */
export function combineValidation(
  contributions: readonly CountedContribution[],
  members: readonly PeerId[],
  batches: number,
): number | undefined {
  let sum = 0;
  let measured = 0;
  for (const { author, validationLoss } of contributions) {
    if (validationLoss === undefined) continue;
    const share = validationShare(batches, members.indexOf(author), members.length).length;
    sum += validationLoss * share;
    measured += share;
  }
  return measured === 0 ? undefined : sum / measured;
}
