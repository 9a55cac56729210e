import { expect, test } from 'vitest';
import type { Digest, PeerId } from '../base/ids.ts';
import type { CountedContribution } from '../swarm/swarm-api.ts';
import { combineValidation, validationShare } from './validation.ts';
import { voteWeight } from './train-round.ts';

const peers = ['a', 'b', 'c'].map((letter) => letter.repeat(32) as PeerId);
const counted = (author: PeerId, validationLoss: number | undefined): CountedContribution => ({
  author,
  weight: 4,
  digest: '0'.repeat(64) as Digest,
  tokens: 256,
  loss: 1,
  validationLoss,
});

test('the members share the validation batches without gap or overlap', () => {
  for (const members of [1, 2, 3, 7, 40]) {
    const all = Array.from({ length: members }, (_, index) => validationShare(16, index, members)).flat();
    expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, batch) => batch));
  }
});

test('shares combine to the mean over the batches measured, weighted by their number', () => {
  const [a, b, c] = peers as [PeerId, PeerId, PeerId];
  // 16 batches over 3 members: 6, 5 and 5.
  const all = combineValidation([counted(a, 1), counted(b, 2), counted(c, 3)], peers, 16);
  expect(all).toBeCloseTo((6 * 1 + 5 * 2 + 5 * 3) / 16, 12);
  expect(combineValidation([counted(b, 2)], peers, 16)).toBe(2);
  expect(combineValidation([counted(a, undefined)], peers, 16)).toBeUndefined();
});

test('a vote weighs the quarters of the token target that were reached, at least one, at most four', () => {
  expect([0, 63, 64, 127, 128, 255, 256, 1000].map((tokens) => voteWeight(tokens, 256))).toEqual([
    1, 1, 1, 1, 2, 3, 4, 4,
  ]);
});
