import type { PeerId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { hashWords } from '../base/random.ts';
import type { Split } from './manifest.ts';

/** Some tokens of one shard. Offsets and lengths count tokens, which for the byte tokenizer are bytes. */
export interface Sample {
  /** Index into the manifest's shards. */
  readonly shard: number;
  readonly offset: number;
  readonly length: number;
}

/** What assignment must know of a shard. A CorpusManifest's shards fit. */
export interface ShardShape {
  readonly bytes: number;
  readonly split: Split;
}

/** A member's sequence slots keep their shards for this many rounds, so that it fetches few of them. */
export const roundsPerShard = 16;

// One word apart, so that no two kinds of draw share their hash input.
const drawShard = 0x5348;
const drawOffset = 0x4f46;
const drawValidation = 0x5641;

/** The word that stands for a member in assignment: the first 32 bits of its id. */
export const memberWord = (peer: PeerId): number => parseInt(peer.slice(0, 8), 16);

/**
 * The training samples of one member in one round: a pure function, so that any replica can say what any other was to
 * read. Slot s keeps its shard for `roundsPerShard` rounds, drawn in proportion to size; its offset is drawn anew each
 * round. Each sample has `sequenceLength` + 1 tokens: the inputs, and the same shifted by one as targets.
 * @throws when no train shard is long enough for a sample.
 */
export function assign(of: {
  readonly seed: number;
  readonly round: number;
  /** `memberWord` of the member's id, or its index. */
  readonly member: number;
  readonly sequences: number;
  readonly sequenceLength: number;
  readonly shards: readonly ShardShape[];
}): Sample[] {
  const length = of.sequenceLength + 1;
  const eligible = eligibleShards(of.shards, 'train', length);
  const window = Math.floor(of.round / roundsPerShard);
  return Array.from({ length: of.sequences }, (_, slot) => {
    const shard = pickShard(eligible, hashWords(drawShard, of.seed, window, of.member, slot));
    const offset = below(hashWords(drawOffset, of.seed, of.round, of.member, slot), shard.bytes - length + 1);
    return { shard: shard.index, offset, length };
  });
}

/** The samples that validation loss is measured on: the same in every round and at every volunteer of the run. */
export function validationSamples(of: {
  readonly seed: number;
  readonly count: number;
  readonly sequenceLength: number;
  readonly shards: readonly ShardShape[];
}): Sample[] {
  const length = of.sequenceLength + 1;
  const eligible = eligibleShards(of.shards, 'validation', length);
  return Array.from({ length: of.count }, (_, slot) => {
    const shard = pickShard(eligible, hashWords(drawValidation, of.seed, slot, 0));
    const offset = below(hashWords(drawValidation, of.seed, slot, 1), shard.bytes - length + 1);
    return { shard: shard.index, offset, length };
  });
}

interface Eligible {
  readonly index: number;
  readonly bytes: number;
}

function eligibleShards(shards: readonly ShardShape[], split: Split, length: number): readonly Eligible[] {
  const found = shards
    .map((shard, index) => ({ index, bytes: shard.bytes, split: shard.split }))
    .filter((shard) => shard.split === split && shard.bytes >= length);
  invariant(found.length > 0, `a ${split} shard of at least ${length} tokens`);
  return found;
}

/** Draws a shard in proportion to its size. */
function pickShard(shards: readonly Eligible[], hash: number): Eligible {
  const total = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  let position = below(hash, total);
  for (const shard of shards) {
    if (position < shard.bytes) return shard;
    position -= shard.bytes;
  }
  throw new Error('unreachable: the position is below the total');
}

/** A 32-bit draw scaled to [0, bound). */
const below = (draw: number, bound: number): number => Number((BigInt(draw) * BigInt(bound)) >> 32n);
