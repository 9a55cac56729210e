import { expect, test } from 'vitest';
import type { RecordSummary } from '../../src/volunteer/status.ts';
import { RecordLog, digestsAgree } from './report.ts';
import type { PeerId } from '../../src/base/ids.ts';

const log = (...states: [number, string][]): RecordLog => {
  const made = new RecordLog();
  made.add(
    states.map(([round, state]): RecordSummary => ({
      round,
      leader: 'a'.repeat(32) as PeerId,
      contributions: 2,
      tokens: 512,
      train: 1,
      validation: undefined,
      state,
    })),
  );
  return made;
};

test('digests agree only if every shared round and the final state are the same', () => {
  const one = log([1, 'x'], [2, 'y']);
  expect(digestsAgree([one, log([2, 'y'])], ['y', 'y'])).toBe(true);
  expect(digestsAgree([one, log([1, 'x'], [2, 'z'])], ['y', 'y'])).toBe(false);
  expect(digestsAgree([one, log([2, 'y'])], ['y', 'q'])).toBe(false);
});

test('a volunteer that reported nothing is no agreement', () => {
  expect(digestsAgree([log([1, 'x']), log()], ['x', 'x'])).toBe(false);
  expect(digestsAgree([log([1, 'x'])], [undefined])).toBe(false);
});
