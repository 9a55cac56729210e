import { expect, test } from 'vitest';
import { RoundPace } from './round-pace.ts';

test('the longest round is measured from record to record', () => {
  const pace = new RoundPace();
  pace.saw(0, 100, true);
  pace.saw(0, 400, true); // another look, no other record
  pace.saw(1, 600, true);
  pace.saw(2, 700, true);
  expect(pace.longestMs).toBe(500);
});

test('what passes while a volunteer is paused, catches up or goes back is no round', () => {
  const pace = new RoundPace();
  pace.saw(4, 0, true);
  pace.saw(4, 100, false);
  pace.saw(5, 9_000, true); // resumed: when the round began is not known
  pace.saw(6, 9_300, true);
  pace.saw(3, 20_000, true); // the chain was cut back
  pace.saw(7, 30_000, true); // and others followed at once
  expect(pace.longestMs).toBe(300);
});
