import { expect, test } from 'vitest';
import { fakeSnapshot, fakeVolunteer } from './fake-snapshot.test-data.ts';
import { estimateLines, speedHere } from './estimate.ts';
import type { PageSnapshot } from './host.ts';

const none = { text: 0, start: 0 };
/** A page that asks for all of the GPU. */
const quiet: PageSnapshot = { ...fakeSnapshot(), comfort: undefined };
const at = (with_: Partial<PageSnapshot>) =>
  estimateLines({
    snapshot: { ...quiet, ...with_ },
    preset: 'nano',
    k: 8,
    rounds: 1000,
    others: 0,
    fetched: none,
  });
const guessed = {
  ...quiet.environment,
  suggestedPreset: { preset: 'nano', reason: '', gflops: 100 } as const,
};

test('what is not known is said to be not known', () => {
  const [memory, time, data] = at({});
  expect(memory?.value).toMatch(/^up to \d/);
  expect(time?.value).toBe('not measured yet');
  expect(data?.note).toContain('Nothing while you train alone');
});

test('a guess is a range and says that it is one; a measurement is one time', () => {
  const [, guess] = at({ environment: guessed });
  expect(guess?.value).toMatch(/ to .* a round$/);
  expect(guess?.note).toContain('Guessed');
  const [, measured] = at({ environment: guessed, speeds: { nano: 2 } });
  expect(measured?.value).toBe('about 1.0 s a round');
  expect(measured?.note).toContain('All 1,000 rounds: about 17 min 4 s. Measured');
});

test('the volunteer in this tab counts for its own size before what was kept', () => {
  const volunteer = fakeVolunteer({ preset: 'micro', gpuMsPerToken: 7 });
  const snapshot = { ...fakeSnapshot({ volunteer }), speeds: { micro: 1, small: 30 } };
  expect(speedHere(snapshot, 'micro')).toEqual({ kind: 'measured', msPerToken: 7 });
  expect(speedHere(snapshot, 'small')).toEqual({ kind: 'measured', msPerToken: 30 });
  expect(speedHere(snapshot, 'nano')).toBeUndefined();
});

test('a run without end has no whole time, and others cost data both ways', () => {
  const [, time, data] = estimateLines({
    ...{ snapshot: { ...quiet, speeds: { nano: 2 } }, preset: 'nano', k: 8 },
    ...{ rounds: undefined, others: 3, fetched: none },
  });
  expect(time?.note).toContain('until everyone has left');
  expect(data?.note).toMatch(/^With 3 others: .* up and .* down a round/);
});

test('own text and the model a run starts from are counted and named, and nothing is said where there is neither', () => {
  expect(at({})).toHaveLength(3);
  const lines = estimateLines({
    ...{ snapshot: quiet, preset: 'nano', k: 8, rounds: 1000, others: 0 },
    fetched: { text: 33_000_000, start: 41_000_000 },
  });
  expect(lines[3]?.value).toMatch(/^7\d(\.\d)? \wi?B to everyone who joins$/);
  expect(lines[3]?.note).toMatch(/your text, 3\d.* and the model it starts from, (39|41)/);
});
