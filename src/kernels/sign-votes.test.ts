import { expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { signVotes } from './sign-votes.ts';
import { signVotesReference } from './sign-votes.reference.ts';

const gpu = await openTestGpu();

test.each([1, 2, 3])('votes on the same coefficient add up word for word, seed %i', async (seed) => {
  const random = new SeededRandom(seed);
  const length = 3 * 4096;
  const entries = new Uint32Array(2 * 1000);
  for (let n = 0; n < entries.length; n += 2) {
    entries[n] = random.below(10) === 0 ? 77 : random.below(length);
    entries[n + 1] = (1 + random.below(4)) * (random.below(2) === 0 ? 1 : -1);
  }
  entries[10] = length; // past the end
  entries[12] = 0xffffffff;
  const entryTensor = gpu.tensor([1000, 2], 'u32', 'entries', entries);
  const votes = gpu.tensor([length], 'i32', 'votes');
  const { dispatch } = signVotes(gpu, { entries: entryTensor, votes });
  gpu.submit([dispatch(0, 601)]);
  const part = signVotesReference(new Int32Array(length), entries.subarray(0, 1202));
  expect(await gpu.readI32(votes)).toEqual(part);
  gpu.submit([dispatch(601, 399)]);
  expect(await gpu.readI32(votes)).toEqual(signVotesReference(part, entries.subarray(1202)));
  gpu.submit([dispatch(5, 1)], [votes]);
  expect(
    (await gpu.readI32(votes)).every((vote) => vote === 0),
    'an entry past the end is ignored',
  ).toBe(true);
  gpu.free(entryTensor, votes);
});
