import { expect, test } from 'vitest';
import { readPageOptions } from './page-options.ts';

test('an address without options joins the main room and picks its preset by measurement', () => {
  expect(readPageOptions('')).toEqual({
    room: 'main',
    preset: 'auto',
    seed: undefined,
    volunteers: 1,
    rounds: undefined,
    precision: undefined,
  });
});

test('options are read from the address', () => {
  expect(
    readPageOptions('?run=class-7b&preset=micro&seed=5&volunteers=3&rounds=300&precision=mixed'),
  ).toEqual({
    room: 'class-7b',
    preset: 'micro',
    seed: 5,
    volunteers: 3,
    rounds: 300,
    precision: 'mixed',
  });
});

test('options that make no sense take their defaults', () => {
  expect(readPageOptions('?run=../../x&preset=huge&seed=-1&volunteers=1e9&rounds=abc&precision=f8')).toEqual(
    readPageOptions(''),
  );
});
