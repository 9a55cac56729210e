import { expect, test } from 'vitest';
import type { Bytes } from '../base/bytes.ts';
import { realClock } from '../base/clock.ts';
import { initialParameters } from '../model/parameters.ts';
import { toyModel } from '../testing/toy-run.ts';
import { volunteersOf } from '../testing/volunteers.ts';
import { cutStart, type FetchStart } from './start-weights.ts';

/** Weights of the toy model that no run of the test's own seed draws. */
const weights: Bytes = new Uint8Array(initialParameters(toyModel, 99).slice().buffer);

const after = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    realClock.after(ms, resolve);
  });

/** Two volunteers of a run that starts from these weights; the second gets them so many milliseconds after the first. */
async function startedFrom(seed: number, lateMs: number) {
  const { start } = await cutStart(weights);
  const delays = [0, lateMs];
  const fetchStart =
    (index: number): FetchStart =>
    async () => {
      await after(delays[index] ?? 0);
      return weights;
    };
  return { start, swarm: await volunteersOf(2, seed, (config) => ({ ...config, start }), { fetchStart }) };
}

test('two volunteers that start from the same weights hold the same state after every record, from record 0 on (seed 21)', async () => {
  const { start, swarm } = await startedFrom(21, 0);
  for (const { volunteer } of swarm) void volunteer.run();
  const [a, b] = await Promise.all(swarm.map(({ until }) => until(({ state }) => state === 'finished')));
  for (const { volunteer } of swarm) volunteer.leave();
  expect(a.records.map(({ state }) => state)).toEqual(b.records.map(({ state }) => state));
  expect(a.records[0]?.state).not.toBe(start.state);
  // Without the weights of another seed this would be another model.
  const [plain] = await volunteersOf(1, 21, (config) => ({ ...config, endRound: 1 }));
  void plain.volunteer.run();
  const alone = await plain.until(({ state }) => state === 'finished');
  plain.volunteer.leave();
  expect(alone.records[0]?.state).not.toBe(a.records[0]?.state);
});

test('who gets the weights late is waited for before record 0, and misses no round (seed 22)', async () => {
  const { swarm } = await startedFrom(22, 3_000);
  for (const { volunteer } of swarm) void volunteer.run();
  const both = await Promise.all(swarm.map(({ until }) => until(({ state }) => state === 'finished')));
  for (const { volunteer } of swarm) volunteer.leave();
  for (const { records } of both) {
    expect(records.map(({ round }) => round)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    expect(records.every(({ contributions }) => contributions === 2)).toBe(true);
  }
  expect(both[0].records.map(({ state }) => state)).toEqual(both[1].records.map(({ state }) => state));
});
