import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import type { EventLine } from './status.ts';
import { RefusedRounds } from './refused-rounds.ts';

function refusedRounds() {
  const events: EventLine[] = [];
  const board = { gpuRoundsWithheld: 0, event: (line: EventLine) => void events.push(line) };
  return { board, events, rounds: new RefusedRounds(new ManualClock(), board) };
}

test('rounds in which a GPU refuses work now and then are counted, and told of once', () => {
  const { board, events, rounds } = refusedRounds();
  for (const round of [3, 4, 30, 31, 60]) rounds.withheld(round);
  expect(board.gpuRoundsWithheld).toBe(5);
  expect(events).toMatchObject([
    { kind: 'gpu-error', text: expect.stringContaining('refused work in round 3') as string },
  ]);
});

test('the third of 20 rounds is trouble, with what to do about it; a GPU set up again has its three again', () => {
  const { rounds } = refusedRounds();
  const third = expect.objectContaining({
    code: 'gpu-refuses-work',
    message: 'The GPU refused work in 3 of the last 20 rounds.',
    fix: expect.stringMatching(/^Update the browser/) as string,
  }) as Error;
  const withheld = (round: number) => (): void => {
    rounds.withheld(round);
  };
  rounds.withheld(5);
  rounds.withheld(6);
  expect(withheld(24)).toThrow(third);
  rounds.startAnew();
  rounds.withheld(24);
  rounds.withheld(25);
  expect(withheld(26)).toThrow(third);
});
