import { expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { signVotesReference } from '../kernels/sign-votes.reference.ts';
import { aggregateVotes, voteSumProblem } from './aggregate.ts';
import { blockLayout } from './blocks.ts';
import { encodeUpdate } from './sparse-update.ts';

const layout = blockLayout([
  { name: 'w', kind: 'matrix', rows: 64, cols: 64, offset: 0 },
  { name: 'g', kind: 'gains', rows: 1, cols: 64, offset: 4096 },
]);

/** One coefficient in each of the two blocks. */
const payload = (matrixIndex: number, gainsIndex: number, negative: boolean) =>
  encodeUpdate(layout, 8, {
    starts: new Uint32Array([0, 1, 2]),
    indices: new Uint16Array([matrixIndex, gainsIndex]),
    negative: new Uint8Array([Number(negative), Number(negative)]),
  });

/** Votes of a block by index, without those of zero. */
function votesOf({ starts, entries }: ReturnType<typeof aggregateVotes>, block: number): [number, number][] {
  const votes = signVotesReference(starts, entries).subarray(starts[block], starts[block + 1]);
  return Array.from(votes, (word): [number, number] => [word >>> 16, (word << 16) >> 16]).filter(
    ([, vote]) => vote !== 0,
  );
}

test('votes are weight times sign, summed over contributions, and opposite ones cancel', () => {
  const votes = aggregateVotes(layout, 8, [
    { payload: payload(4095, 0, false), weight: 4 },
    { payload: payload(4095, 63, true), weight: 1 },
    { payload: payload(7, 63, false), weight: 1 },
  ]);
  expect(Object.fromEntries(votesOf(votes, 0))).toEqual({ 7: 1, 4095: 3 });
  expect(Object.fromEntries(votesOf(votes, 1))).toEqual({ 0: 4 });
});

test('the same words come out whatever the order of the contributions (seed 3)', () => {
  const random = new SeededRandom(3);
  const contributions = Array.from({ length: 6 }, () => ({
    payload: payload(random.below(4096), random.below(64), random.below(2) === 1),
    weight: 1 + random.below(4),
  }));
  const expected = aggregateVotes(layout, 8, contributions);
  for (let turn = 0; turn < contributions.length; turn++) {
    contributions.push(...contributions.splice(0, 1));
    expect(aggregateVotes(layout, 8, contributions)).toEqual(expected);
    expect(aggregateVotes(layout, 8, [...contributions].reverse())).toEqual(expected);
  }
});

test('a round without contributions has no votes', () => {
  const votes = aggregateVotes(layout, 8, []);
  expect(Array.from(votes.starts)).toEqual([0, 0, 0]);
  expect(votes.entries).toHaveLength(0);
});

test('a sum of weights that 32 bits cannot carry, a broken weight or a broken payload is refused as unusable', () => {
  expect(voteSumProblem(8, Array<number>(1023).fill(4))).toBeUndefined(); // 8 * 4092 = 32,736
  expect(voteSumProblem(8, Array<number>(1024).fill(4))).toBe('more votes than 32 bits can sum');
  for (const weight of [0, -1, 1.5, NaN, 5000]) {
    expect(() => aggregateVotes(layout, 8, [{ payload: payload(1, 1, false), weight }])).toThrow(
      expect.objectContaining({ code: 'unusable-contribution' }),
    );
  }
  expect(() => aggregateVotes(layout, 8, [{ payload: new Uint8Array([255]), weight: 1 }])).toThrow(
    /count above k/,
  );
});
