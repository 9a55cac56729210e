import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PeerId } from '../base/ids.ts';
import { ContributionTally } from './contribution-leaderboard.ts';

const idOf = (n: number): PeerId => n.toString(16).padStart(32, '0') as PeerId;
const [self, b, c] = [idOf(1), idOf(2), idOf(3)];
const gave = (author: PeerId, tokens: number) => ({ author, tokens });
const lines = (tally: ContributionTally) =>
  tally.view?.rows.map(({ id, place, tokens, rounds }) => [Number(`0x${id}`), place, tokens, rounds]);

test('volunteers are listed by the tokens that records count, most first', () => {
  const tally = new ContributionTally(self, 1_000);
  expect(tally.view).toBeUndefined();
  tally.add(1, [gave(self, 100), gave(b, 300)]);
  tally.add(2, [gave(b, 300), gave(c, 100)]);
  expect(lines(tally)).toEqual([
    [2, 1, 600, 2],
    [1, 2, 100, 1],
    [3, 2, 100, 1],
  ]);
  expect(tally.view).toMatchObject({ fromRound: 1, toRound: 2, rounds: 2, volunteers: 3, tokens: 800 });
  expect(tally.view).toBe(tally.view);
});

test('nobody is believed more tokens a round than one can train', () => {
  const tally = new ContributionTally(self, 1_000);
  tally.add(1, [gave(self, 1_000), gave(b, 0x7fffffff)]);
  expect(lines(tally)).toEqual([
    [1, 1, 1_000, 1],
    [2, 1, 1_000, 1],
  ]);
});

test('a latecomer says from where it counted, and that rounds are missing between', () => {
  const tally = new ContributionTally(self, 1_000);
  tally.add(501, [gave(b, 10)]);
  tally.add(502, [gave(b, 10)]);
  tally.add(600, [gave(b, 10)]);
  expect(tally.view).toMatchObject({ fromRound: 501, toRound: 600, rounds: 3 });
});

test('rounds that are taken back count no more, and one that is applied again counts once', () => {
  const tally = new ContributionTally(self, 1_000);
  for (let round = 1; round <= 5; round++) tally.add(round, [gave(self, 10), gave(b, 10)]);
  tally.cutBack(3);
  expect(tally.view).toMatchObject({ toRound: 3, rounds: 3, tokens: 60 });
  tally.add(4, [gave(self, 10)]);
  tally.add(4, [gave(self, 10)]);
  expect(lines(tally)).toEqual([
    [1, 1, 40, 4],
    [2, 2, 30, 3],
  ]);
  tally.cutBack(0);
  expect(tally.view).toBeUndefined();
});

test('rounds too old to be taken back are not counted twice when they are applied again', () => {
  const tally = new ContributionTally(self, 1_000);
  for (let round = 1; round <= 300; round++) tally.add(round, [gave(b, 1)]);
  tally.cutBack(0);
  for (let round = 1; round <= 300; round++) tally.add(round, [gave(b, 1)]);
  expect(tally.view).toMatchObject({ rounds: 300, tokens: 300 });
});

test('this volunteer is listed however little it gave', () => {
  const tally = new ContributionTally(self, 1_000);
  tally.add(1, [gave(self, 1), ...Array.from({ length: 100 }, (_, i) => gave(idOf(10 + i), 100 + i))]);
  expect(tally.view?.rows).toHaveLength(21);
  expect(tally.view?.rows.at(-1)).toEqual({ id: self, place: 101, tokens: 1, rounds: 1 });
});

test('strangers without end are not all remembered, and their tokens stay in the sum', () => {
  const tally = new ContributionTally(self, 1_000);
  tally.add(0, [gave(self, 1)]);
  for (let round = 1; round <= 100; round++)
    tally.add(
      round,
      Array.from({ length: 100 }, (_, i) => gave(idOf(1_000 * round + i), 2)),
    );
  expect(tally.view?.tokens).toBe(1 + 100 * 100 * 2);
  expect(tally.view?.volunteers).toBe(1 + 100 * 100);
  expect(tally.view?.rows.some(({ id }) => id === self)).toBe(true);
});

test('rounds of volunteers forgotten meanwhile are taken out of the sum of all, and applied again count once', () => {
  const tally = new ContributionTally(self, 1_000);
  const crowd = (round: number) => Array.from({ length: 100 }, (_, i) => gave(idOf(1_000 * round + i), 2));
  const add = (from: number): void => {
    for (let round = from; round <= 20; round++) tally.add(round, [...crowd(round), gave(b, 1)]);
  };
  add(1);
  expect(tally.view?.tokens).toBe(20 * 201);
  tally.cutBack(5);
  expect(tally.view?.tokens).toBe(5 * 201);
  add(6);
  expect(tally.view?.tokens).toBe(20 * 201);
});

test('whatever is cut back and applied again, the sums are those of the rounds that stand', () => {
  const step = fc.record({ back: fc.nat(6), authors: fc.array(fc.nat(5), { maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tally = new ContributionTally(self, 1_000);
      const chain: { round: number; counted: { author: PeerId; tokens: number }[] }[] = [];
      for (const { back, authors } of steps) {
        if (back < 3) chain.splice(Math.max(0, chain.length - back));
        tally.cutBack(chain.length);
        const counted = [...new Set(authors)].map((n) => gave(idOf(n), 10 * (n + 1)));
        chain.push({ round: chain.length + 1, counted });
        tally.add(chain.length, counted);
      }
      const tokens = chain.flatMap(({ counted }) => counted).reduce((sum, one) => sum + one.tokens, 0);
      expect(tally.view?.tokens ?? 0).toBe(tokens);
      expect(tally.view?.rounds ?? 0).toBe(chain.length);
    }),
  );
});
