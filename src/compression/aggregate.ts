import type { Bytes } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';
import { largestVoteSum } from '../kernels/integer-basis.ts';
import type { BlockLayout } from './blocks.ts';
import { decodeUpdate, type SparseUpdate } from './sparse-update.ts';

/** The sum of a round's contributions: sparse votes V, the same words whatever the order of the contributions. */
export interface VoteList {
  /** [entries, 2] u32: position inside the tensor (block * size + index), and the vote as the bits of an i32, never 0. */
  readonly entries: Uint32Array<ArrayBuffer>;
  /** [parameters + 1]: entries of parameter p are [starts[p], starts[p + 1]). */
  readonly starts: Uint32Array;
}

/** Why a round with these weights cannot be applied inside i32, or undefined: S = k * (sum of weights) is at most 32,767. */
export function voteSumProblem(k: number, weights: readonly number[]): string | undefined {
  if (!weights.every((weight) => Number.isInteger(weight) && weight >= 1))
    return 'a weight is not a whole number above 0';
  const sum = k * weights.reduce((total, weight) => total + weight, 0);
  return sum <= largestVoteSum ? undefined : 'more votes than 32 bits can sum';
}

/**
 * Votes of a round: for every coefficient the sum of weight x sign over its contributions. Throws StarlingError
 * `unusable-contribution` for a payload that does not decode or votes past the range: payloads are checked on arrival, and a
 * record that names such a round is not to be applied.
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
  const updates = contributions.map(({ payload, weight }) => {
    const decoded = decodeUpdate(layout, k, payload);
    if (!decoded.ok) throw unusable(decoded.reason);
    return { update: decoded.value, weight };
  });
  return sumVotes(layout, updates);
}

function sumVotes(
  layout: BlockLayout,
  updates: readonly { readonly update: SparseUpdate; readonly weight: number }[],
): VoteList {
  const room = updates.reduce((sum, { update }) => sum + update.indices.length, 0);
  const entries = new Uint32Array(2 * room);
  const starts = new Uint32Array(layout.parameters.length + 1);
  const votes = new Int32Array(4096); // of one block; zero between blocks
  let count = 0;
  layout.parameters.forEach(({ blocks, size, firstBlock }, parameter) => {
    for (let block = 0; block < blocks; block++) {
      const touched = new Set<number>();
      for (const { update, weight } of updates) {
        const end = update.starts[firstBlock + block + 1];
        for (let n = update.starts[firstBlock + block]; n < end; n++) {
          const index = update.indices[n];
          votes[index] += update.negative[n] === 0 ? weight : -weight;
          touched.add(index);
        }
      }
      for (const index of [...touched].sort((a, b) => a - b)) {
        if (votes[index] !== 0) {
          entries[2 * count] = block * size + index;
          entries[2 * count + 1] = votes[index];
          count++;
        }
        votes[index] = 0;
      }
    }
    starts[parameter + 1] = count;
  });
  return { entries: entries.slice(0, 2 * count), starts };
}

const unusable = (reason: string): StarlingError =>
  new StarlingError(
    'unusable-contribution',
    `A contribution of this round cannot be applied: ${reason}.`,
    'Refuse the record that names it; every replica refuses it for the same reason.',
  );
