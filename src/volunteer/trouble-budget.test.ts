import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { TroubleBudget } from './trouble-budget.ts';

const lost = new StarlingError('gpu-lost', 'The GPU was lost: driver reset', '');

test('a GPU that fails now and then is set up again, one that fails on and on is not, and the error says what to do', () => {
  const clock = new ManualClock();
  const budget = new TroubleBudget(clock);
  for (let n = 0; n < 20; n++) {
    budget.spend(lost);
    clock.advance(101_000);
  }
  clock.advance(300_000);
  for (let n = 0; n < 3; n++) budget.spend(lost);
  expect(() => {
    budget.spend(lost);
  }).toThrow(
    expect.objectContaining({
      code: 'gpu-keeps-failing',
      message: 'The GPU failed 4 times within 5 minutes. The last time: The GPU was lost: driver reset',
      fix: expect.stringMatching(/join again/) as string,
    }),
  );
});

test('a GPU that refuses work is set up again once an hour; a second time, what it refused ends it', () => {
  const clock = new ManualClock();
  const budget = new TroubleBudget(clock);
  const refuses = new StarlingError('gpu-refuses-work', 'The GPU refused work.', 'Update the browser.');
  const spend = (): void => {
    budget.spend(refuses);
  };
  spend();
  clock.advance(61 * 60_000);
  spend();
  clock.advance(59 * 60_000);
  expect(spend).toThrow(refuses);
});
