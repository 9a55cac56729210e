import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Digest } from '../base/ids.ts';
import { choiceProblem, type RunChoice } from '../volunteer/run-choice.ts';
import { readPageOptions } from './page-options.ts';
import { addressOfChoice, inviteAddress, optionsOfChoice, readWish, writeWish } from './wished-run.ts';

const choice: RunChoice = {
  room: 'class-7b',
  preset: 'micro',
  volunteers: 3,
  rounds: 500,
  k: 8,
  ratePercent: 150,
  open: false,
  corpus: 'a'.repeat(64) as Digest,
};
const key = '#key=secret';
const here = new URL(`https://example.org/starling/?run=class-7b&preset=micro${key}`);
const [address] = here.href.split('#') as [string];
const wish = (change: Partial<RunChoice> = {}, more: object = {}) =>
  JSON.stringify({ address, atMs: 1_000, choice: { ...choice, ...change }, ...more });

test('a wish is taken by the page of its address, within a minute, and by no other', () => {
  const text = writeWish({ address, atMs: 1_000, choice });
  expect(readWish(text, here, 61_000)).toEqual(choice);
  expect(readWish(text, here, 61_001)).toBeUndefined();
  expect(readWish(text, here, 999)).toBeUndefined();
  expect(readWish(text, new URL('https://example.org/starling/?run=other'), 1_000)).toBeUndefined();
  expect(readWish(null, here, 1_000)).toBeUndefined();
  const endless = { ...choice, rounds: undefined, corpus: undefined };
  expect(readWish(writeWish({ address, atMs: 1_000, choice: endless }), here, 1_000)).toEqual(endless);
});

test('a wish that no form could have made starts nothing', () => {
  const wrong: Partial<Record<keyof RunChoice, unknown>>[] = [
    { room: '../x' },
    { preset: 'huge' },
    { volunteers: 65 },
    { rounds: 0 },
    { k: 31.5 },
    { ratePercent: 1e9 },
    { open: 'no' },
    { corpus: 'abc' },
  ];
  for (const change of wrong)
    expect(readWish(wish(change as Partial<RunChoice>), here, 1_000)).toBeUndefined();
  expect(readWish(wish({}, { extra: 1 }), here, 1_000)).toBeUndefined();
  expect(readWish(wish(), here, 1_000)).toEqual(choice);
});

test('no text makes the reader throw, and what it takes is a choice', () => {
  const part = fc
    .dictionary(fc.constantFrom(...Object.keys(choice)), fc.jsonValue())
    .map((change) => wish(change as Partial<RunChoice>));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), part), (text) => {
      const read = readWish(text, here, 1_000);
      if (read !== undefined) expect(choiceProblem(read)).toBeUndefined();
    }),
    { seed: 4, numRuns: 2000 },
  );
});

test('the address of a run holds its choice, and the key only where it is handed over', () => {
  const made = addressOfChoice(here, choice, '#key=new');
  expect(made.href).toBe(
    'https://example.org/starling/?run=class-7b&preset=micro&volunteers=3&rounds=500&rate=150#key=new',
  );
  expect(addressOfChoice(here, choice, '').href).not.toContain('#');
  expect(optionsOfChoice(readPageOptions('?seed=7&precision=f32'), choice)).toEqual({
    ...readPageOptions(made.search),
    k: 8,
    precision: 'f32',
  });
});

test('others are given the run’s address without the starter’s options, with the key where one is needed', () => {
  expect(inviteAddress(here, 'class-7b', true)).toBe(`https://example.org/starling/?run=class-7b${key}`);
  expect(inviteAddress(here, 'class-7b', false)).toBe('https://example.org/starling/?run=class-7b');
});
