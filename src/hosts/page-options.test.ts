import fc from 'fast-check';
import { expect, test } from 'vitest';
import { searchOfChoice } from '../volunteer/run-choice.ts';
import { runBounds } from '../volunteer/run-plan.ts';
import { readPageOptions } from './page-options.ts';

test('an address without options joins the main room and picks its preset by measurement', () => {
  expect(readPageOptions('')).toEqual({
    room: 'main',
    preset: 'auto',
    seed: undefined,
    volunteers: 1,
    rounds: undefined,
    k: undefined,
    ratePercent: undefined,
    precision: undefined,
  });
});

test('options are read from the address', () => {
  expect(
    readPageOptions('?run=class-7b&preset=micro&seed=5&volunteers=3&rounds=300&k=16&rate=50&precision=mixed'),
  ).toEqual({
    room: 'class-7b',
    preset: 'micro',
    seed: 5,
    volunteers: 3,
    rounds: 300,
    k: 16,
    ratePercent: 50,
    precision: 'mixed',
  });
});

test('options that make no sense take their defaults', () => {
  expect(
    readPageOptions('?run=../../x&preset=huge&seed=-1&volunteers=1e9&rounds=abc&k=32&rate=9&precision=f8'),
  ).toEqual(readPageOptions(''));
});

const within = ({ least, most }: { least: number; most: number }) => fc.integer({ min: least, max: most });

test('the address that a form makes asks for what was chosen', () => {
  const choice = fc.record({
    room: fc.stringMatching(/^[\w-]{1,64}$/),
    preset: fc.constantFrom('nano' as const, 'micro' as const, 'small' as const),
    volunteers: within(runBounds.volunteers),
    rounds: fc.option(within(runBounds.rounds), { nil: undefined }),
    k: within(runBounds.k),
    ratePercent: within(runBounds.ratePercent),
  });
  fc.assert(
    fc.property(choice, (chosen) => {
      const { k = 8, ratePercent = 100, ...read } = readPageOptions(searchOfChoice(chosen));
      expect({ ...read, k, ratePercent }).toEqual({ ...chosen, seed: undefined, precision: undefined });
    }),
    { seed: 2 },
  );
});
