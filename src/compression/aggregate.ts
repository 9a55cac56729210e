import { compareBytes, type Bytes } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';
import { largestVoteSum } from '../kernels/integer-basis.ts';
import { packVote } from '../kernels/sign-votes.ts';
import type { BlockLayout } from './blocks.ts';
import { decodeUpdate } from './sparse-update.ts';

/**
 * A round's contributions as signed votes on coefficients, grouped by block, those on one coefficient added up and those that
 * cancel left out: the same words whatever the order of the contributions.
 */
export interface VoteList {
  /** [blocks + 1]: entries of block b are [starts[b], starts[b + 1]). */
  readonly starts: Uint32Array<ArrayBuffer>;
  /** Packed by `packVote`: coefficient of the block, and weight x sign. */
  readonly entries: Uint32Array<ArrayBuffer>;
}

/** Why a round with these weights cannot be applied inside i32, or undefined: S = k * (sum of weights) is at most 32,767. */
export function voteSumProblem(k: number, weights: readonly number[]): string | undefined {
  if (!weights.every((weight) => Number.isInteger(weight) && weight >= 1))
    return 'a weight is not a whole number above 0';
  const sum = k * weights.reduce((total, weight) => total + weight, 0);
  return sum <= largestVoteSum ? undefined : 'more votes than 32 bits can sum';
}

/**
 * The votes of a round. Throws StarlingError `unusable-contribution` for a payload that does not decode or votes past the
 * range: payloads are checked on arrival, and a record that names such a round is not to be applied.
 */
export function aggregateVotes(
  layout: BlockLayout,
  k: number,
  contributions: readonly { readonly payload: Bytes; readonly weight: number }[],
): VoteList {
  const problem = voteSumProblem(
    k,
    contributions.map(({ weight }) => weight),
  );
  if (problem !== undefined) throw unusable(problem);
  const ordered = [...contributions].sort(
    (a, b) => compareBytes(a.payload, b.payload) || a.weight - b.weight,
  );
  const updates = ordered.map(({ payload, weight }) => {
    const decoded = decodeUpdate(layout, k, payload);
    if (!decoded.ok) throw unusable(decoded.reason);
    return { ...decoded.value, weight };
  });
  const starts = new Uint32Array(layout.blocks + 1);
  const entries = new Uint32Array(updates.reduce((sum, { indices }) => sum + indices.length, 0));
  const sums = new Int32Array(4096); // of this block; 0 where none voted, or votes cancelled
  const met = new Uint16Array(k * updates.length); // its coefficients in the order met
  let count = 0;
  for (let block = 0; block < layout.blocks; block++) {
    let meetings = 0;
    for (const { starts: from, indices, negative, weight } of updates) {
      const end = from[block + 1];
      for (let n = from[block]; n < end; n++) {
        const index = indices[n];
        if (sums[index] === 0) met[meetings++] = index;
        sums[index] += weight - 2 * weight * negative[n]; // signs are even chances: no branch foretells them
      }
    }
    for (let n = 0; n < meetings; n++) {
      const index = met[n];
      if (sums[index] === 0) continue; // cancelled, or met twice for that
      entries[count++] = packVote(index, sums[index]);
      sums[index] = 0;
    }
    starts[block + 1] = count;
  }
  return { starts, entries: entries.subarray(0, count) };
}

const unusable = (reason: string): StarlingError =>
  new StarlingError(
    'unusable-contribution',
    `A contribution of this round cannot be applied: ${reason}.`,
    'Refuse the record that names it; every replica refuses it for the same reason.',
  );

/** Votes as of a round whose contributions agree on nothing: `perBlock` coefficients of every block, or all it has. */
export function scatteredVotes({ parameters, blocks }: BlockLayout, perBlock: number): VoteList {
  const counts = parameters.flatMap(({ blocks: own, size }) =>
    Array.from({ length: own }, () => ({ count: Math.min(size, perBlock), size })),
  );
  const starts = new Uint32Array(blocks + 1);
  for (const [block, { count }] of counts.entries()) starts[block + 1] = starts[block] + count;
  const entries = new Uint32Array(starts[blocks]);
  for (const [block, { count, size }] of counts.entries())
    for (let n = 0; n < count; n++)
      entries[starts[block] + n] = packVote(Math.floor((n * size) / count), n % 2 === 0 ? 1 : -1);
  return { starts, entries };
}
