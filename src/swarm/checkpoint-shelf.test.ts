import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Digest } from '../base/ids.ts';
import { CheckpointShelf, type Checkpoint } from './checkpoint-shelf.ts';

const digest = (text: string): Digest => text.padEnd(64, '0') as Digest;
const checkpoint = (round: number, branch = 'a'): Checkpoint => ({
  round,
  record: digest(`${branch}${round}`),
  state: '1'.repeat(32),
  bytes: new Uint8Array([round]),
  context: new Uint8Array(),
  leaves: [],
  root: digest(`f${branch}${round}`),
});
const everything = (): boolean => true;
const onBranch =
  (branch: string) =>
  (round: number, record: Digest): boolean =>
    record === digest(`${branch}${round}`);

function shelfOf(...checkpoints: readonly Checkpoint[]): CheckpointShelf {
  const shelf = new CheckpointShelf();
  for (const one of checkpoints) shelf.add(one);
  return shelf;
}

test('the newest on the chain is found, up to a round, and by root', () => {
  const shelf = shelfOf(checkpoint(16), checkpoint(48, 'b'), checkpoint(32));
  expect(shelf.newest(onBranch('a'))?.round).toBe(32);
  expect(shelf.newest(onBranch('b'))?.round).toBe(48);
  expect(shelf.newest(everything, 47)?.round).toBe(32);
  expect(shelf.newest(everything, 15)).toBeUndefined();
  expect(shelf.byRoot(digest('fb48'))?.round).toBe(48);
  expect(shelf.byRoot(digest('fb49'))).toBeUndefined();
  expect(shelf.oldestRound).toBe(16);
});

test('two final ones stay, and newer ones up to four in all', () => {
  const shelf = shelfOf(checkpoint(16), checkpoint(32), checkpoint(48), checkpoint(64));
  shelf.prune(50, everything);
  expect(shelf.size).toBe(3);
  expect(shelf.oldestRound).toBe(32);
  for (const round of [80, 96, 112]) shelf.add(checkpoint(round));
  expect(shelf.size).toBe(4);
  expect(shelf.newest(everything, 50)?.round).toBe(48);
  expect(shelf.newest(everything)?.round).toBe(112);
  shelf.prune(112, everything);
  expect([shelf.size, shelf.oldestRound]).toEqual([2, 96]);
});

test('what was rolled back goes', () => {
  const shelf = shelfOf(checkpoint(16), checkpoint(32, 'b'), checkpoint(48, 'b'));
  shelf.prune(16, onBranch('a'));
  expect(shelf.size).toBe(1);
  expect(shelf.byRoot(digest('fb48'))).toBeUndefined();
});

test('one record has one checkpoint', () => {
  const shelf = shelfOf(checkpoint(16), { ...checkpoint(16), bytes: new Uint8Array([9, 9]) });
  expect(shelf.size).toBe(1);
  expect(shelf.newest(everything)?.bytes.length).toBe(2);
});

test('whatever comes in whatever order, at most four stay and the newest final one is among them', () => {
  const step = fc.record({ round: fc.nat(40), final: fc.nat(40), prune: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const shelf = new CheckpointShelf();
      let finalRound = -1;
      for (const { round, final, prune } of steps) {
        const newestFinal = shelf.newest(everything, finalRound);
        if (prune) {
          finalRound = Math.max(finalRound, final);
          const expected = shelf.newest(everything, finalRound);
          shelf.prune(finalRound, everything);
          expect(shelf.newest(everything, finalRound)).toBe(expected);
        } else {
          shelf.add(checkpoint(round));
          expect(shelf.newest(everything, finalRound)?.round ?? -1).toBeGreaterThanOrEqual(
            newestFinal?.round ?? -1,
          );
        }
        expect(shelf.size).toBeLessThanOrEqual(4);
      }
    }),
    { seed: 1 },
  );
});
