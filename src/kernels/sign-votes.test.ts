import { expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { packVote, signVotes } from './sign-votes.ts';
import { signVotesReference } from './sign-votes.reference.ts';

const gpu = await openTestGpu();

async function run(
  starts: Uint32Array<ArrayBuffer>,
  entries: Uint32Array<ArrayBuffer>,
): Promise<Uint32Array> {
  const tensors = {
    starts: gpu.tensor([starts.length], 'u32', 'starts', starts),
    entries: gpu.tensor([entries.length], 'u32', 'entries', entries),
    votes: gpu.tensor([entries.length], 'u32', 'votes', new Uint32Array(entries.length).fill(0xdeadbeef)),
  };
  gpu.submit([signVotes(gpu, tensors)]);
  const votes = await gpu.readU32(tensors.votes);
  gpu.free(...Object.values(tensors));
  return votes;
}

test.each([1, 2, 3])(
  'votes of a block on the same coefficient are summed word for word, seed %i',
  async (seed) => {
    const random = new SeededRandom(seed);
    const counts = [0, 1, 64, 65, 200, 8, 0, 24];
    const starts = new Uint32Array(counts.length + 1);
    counts.forEach((count, block) => (starts[block + 1] = starts[block] + count));
    const entries = Uint32Array.from({ length: starts[counts.length] }, () =>
      packVote(random.below(3) === 0 ? random.below(4096) : random.below(12), random.below(9) - 4),
    );
    expect(await run(starts, entries)).toEqual(signVotesReference(starts, entries));
  },
);

test('sums reach both ends of their range, and equal votes against each other cancel', async () => {
  const pairs: [number, number][] = [
    [4095, 32000],
    [0, -32767],
    [4095, 767],
    [7, 4],
    [7, -4],
  ];
  const votes = await run(
    new Uint32Array([0, 5]),
    Uint32Array.from(pairs, ([index, vote]) => packVote(index, vote)),
  );
  const expected: [number, number][] = [
    [4095, 32767],
    [0, -32767],
    [4095, 0],
    [7, 0],
    [7, 0],
  ];
  expect(Array.from(votes)).toEqual(expected.map(([index, vote]) => packVote(index, vote)));
});
