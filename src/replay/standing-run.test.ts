import { expect, test } from 'vitest';
import { fakeRecord, fakeVolunteer } from '../ui/fake-snapshot.test-data.ts';
import { newestSample, noRun, standAfter, type Standing } from './standing-run.ts';

const ours = { preset: 'nano', parameters: 164_160, seed: 1, startedBy: 'a' } as const;
const theirs = { ...ours, seed: 2 };
const third = { ...ours, startedBy: 'c' };
type Look = readonly [run: typeof ours | typeof theirs | typeof third | undefined, nowMs: number];
const after = (looks: readonly Look[], isOwn = false): Standing =>
  looks.reduce((standing, [run, nowMs]) => standAfter(standing, run, isOwn, nowMs), noRun);

test('the first run that is announced stands at once, and stays where none is announced', () => {
  const standing = after([[ours, 0]]);
  expect(standing).toEqual({ run: ours, other: undefined });
  expect(standAfter(standing, { ...ours }, false, 90_000)).toBe(standing);
  expect(standAfter(standing, undefined, false, 90_000)).toBe(standing);
});

test('another run takes its place once it has stood for a while, and not before', () => {
  expect(
    after([
      [ours, 0],
      [theirs, 1_000],
      [theirs, 20_999],
    ]),
  ).toEqual({
    // prettier-ignore
    run: ours,
    other: { run: theirs, sinceMs: 1_000 },
  });
  expect(after([[ours, 0], [theirs, 1_000], [theirs, 21_000]])).toEqual({ run: theirs, other: undefined }); // prettier-ignore
});

test('whoever comes and goes, or takes turns, never stands', () => {
  const comesAndGoes = Array.from({ length: 50 }, (_, i): Look => [i % 2 === 0 ? ours : theirs, 15_000 * i]);
  expect(after(comesAndGoes).run).toBe(ours);
  const inTurns = Array.from({ length: 50 }, (_, i): Look => [i % 2 === 0 ? third : theirs, 15_000 * i]);
  expect(after([[ours, 0], ...inTurns]).run).toBe(ours);
});

test('the run of one’s own volunteer needs no time', () => {
  expect(after([[ours, 0], [theirs, 1]], true)).toEqual({ run: theirs, other: undefined }); // prettier-ignore
});

const sample = (round: number) => ({ round, text: `after ${round}` });
const view = (round: number, last?: number) => ({
  sample: sample(round),
  records: last === undefined ? [] : [fakeRecord(last - 1, 'a'), fakeRecord(last, 'a')],
});

test('a text of a round that nobody has reached is not shown', () => {
  expect(newestSample(view(40, 40), undefined)).toEqual(sample(40));
  expect(newestSample(view(1e9, 40), undefined)).toBeUndefined();
  expect(newestSample(view(40), undefined)).toBeUndefined();
});

test('a volunteer goes by its own round, and by the records while it is on its way there', () => {
  const own = (round: number, state: 'training' | 'catching-up' = 'training') =>
    fakeVolunteer({ state, round, sample: sample(20) });
  expect(newestSample(view(60, 60), own(60))).toEqual(sample(60));
  expect(newestSample(view(1e9, 1e9), own(60))).toEqual(sample(20));
  expect(newestSample(view(60, 60), own(1, 'catching-up'))).toEqual(sample(60));
  expect(newestSample(view(10, 60), own(60))).toEqual(sample(20));
});
