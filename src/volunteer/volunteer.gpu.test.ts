import { expect, test } from 'vitest';
import { realClock } from '../base/clock.ts';
import { volunteersOf } from '../testing/volunteers.ts';
import { applyDelta } from './metrics-feed.ts';
import { MetricsHistory, type MetricName } from './metrics.ts';
import type { RunConfig } from './run-config.ts';

const seed = 11;
const swarmOf = (count: number, change: (planned: RunConfig) => RunConfig) =>
  volunteersOf(count, seed, change);

test(`two volunteers train to the last round and hold the same state after every one (seed ${seed})`, async () => {
  const swarm = await swarmOf(2, (config) => config);
  for (const { volunteer } of swarm) void volunteer.run();
  const statuses = await Promise.all(swarm.map(({ until }) => until(({ state }) => state === 'finished')));
  for (const { volunteer } of swarm) volunteer.leave();
  const [a, b] = statuses;
  expect(a.records.map(({ round }) => round)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  expect(a.records).toEqual(b.records.map((record) => ({ ...record })));
  expect(a.records.every(({ contributions, tokens }) => contributions === 2 && tokens === 64)).toBe(true);
  expect(a.stateDigest).toBe(b.stateDigest);
  const validation = a.curve.flatMap((point) => (point.validation === undefined ? [] : [point.validation]));
  expect(validation).toHaveLength(4); // before rounds 1, 5 and 9, and after the last
  expect(validation.at(-1)).toBeLessThan(validation[0] - 0.5);
  expect(a.receipts.every(({ counted }) => counted)).toBe(true);

  const delta = swarm[0].volunteer.takeMetrics();
  const history = new MetricsHistory();
  if (delta !== undefined) applyDelta(history, delta);
  const column = (name: MetricName): number[] => [...history.view.column(name)];
  expect(column('round')).toEqual(Array.from({ length: 13 }, (_, index) => index + 1)); // and after the last
  expect(column('train').slice(0, 12)).toEqual(a.records.map(({ train }) => train));
  for (const name of ['gradientNorm', 'payloadBytes', 'ownTokensPerSecond'] as const)
    expect(
      column(name)
        .slice(0, 12)
        .every((value) => value > 0 && Number.isFinite(value)),
      name,
    ).toBe(true);
  expect(
    column('roundMs')
      .slice(1, 12)
      .some((ms) => ms > 0),
  ).toBe(true);
});

test('a volunteer alone says so, and leaving ends it without an error', async () => {
  const [alone] = await swarmOf(1, (config) => ({ ...config, endRound: null }));
  void alone.volunteer.run();
  const status = await alone.until(({ round, state }) => round >= 2 && state === 'training');
  expect(status.reason).toMatch(/alone/i);
  alone.volunteer.leave();
  expect(alone.volunteer.status.state).toBe('left');
});

test('text that cannot be fetched is a failure that names a fix', async () => {
  const [one] = await swarmOf(1, (config) => config);
  one.corpus.files.clear();
  void one.volunteer.run();
  const status = await one.until(({ state }) => state === 'failed');
  expect(status.reason).not.toBe('');
  expect(status.fix).not.toBe(undefined);
});

/** False if `promise` is still pending after `ms`: the only way to see that something does not happen. */
const within = (ms: number, promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    promise.then(() => true),
    new Promise<boolean>((resolve) =>
      realClock.after(ms, () => {
        resolve(false);
      }),
    ),
  ]);

test('a volunteer alone that pauses stops training, and goes on when it resumes', async () => {
  const [alone] = await swarmOf(1, (config) => ({ ...config, endRound: null }));
  void alone.volunteer.run();
  await alone.until(({ round }) => round >= 2);
  alone.volunteer.pause();
  const paused = await alone.until(({ state }) => state === 'paused');
  const trainedOn = alone.until(({ roundsTrained }) => roundsTrained > paused.roundsTrained + 1);
  expect(await within(1_500, trainedOn)).toBe(false);
  expect(alone.volunteer.status.state).toBe('paused');
  expect(alone.volunteer.status.reason).toMatch(/stands still/);
  alone.volunteer.resume();
  await trainedOn;
  alone.volunteer.leave();
});

test('a run whose only member paused lets another in, who trains on', async () => {
  const [first, second] = await swarmOf(2, (config) => ({ ...config, minMembers: 1, endRound: null }));
  void first.volunteer.run();
  // Later than the rounds that members keep, so that only a snapshot lets anyone in.
  await first.until(({ round }) => round >= 40);
  first.volunteer.pause();
  await first.until(({ state, reason }) => state === 'paused' && /stands still/.test(reason));
  void second.volunteer.run();
  const status = await second.until(({ roundsTrained }) => roundsTrained >= 3);
  expect(status.records[0]?.round).toBeGreaterThan(5);
  const followed = await first.until(({ round }) => round >= status.round);
  expect(followed.state).toBe('paused');
  expect(followed.records.find(({ round }) => round === status.round)?.state).toBe(
    status.records.at(-1)?.state,
  );
  for (const { volunteer } of [first, second]) volunteer.leave();
});

test('a pause while the GPU opens is kept: nothing is trained until resuming', async () => {
  const [alone] = await swarmOf(1, (config) => ({ ...config, endRound: null }));
  void alone.volunteer.run();
  alone.volunteer.pause();
  const trained = alone.until(({ roundsTrained }) => roundsTrained > 0);
  await alone.until(({ stateDigest, members }) => stateDigest !== undefined && members === 1);
  expect(await within(1_000, trained)).toBe(false);
  expect(alone.volunteer.status.state).toBe('paused');
  alone.volunteer.resume();
  await trained;
  alone.volunteer.leave();
});

test('a volunteer that leaves while its GPU opens has left, and holds no GPU', async () => {
  const [alone] = await swarmOf(1, (config) => config);
  const running = alone.volunteer.run();
  alone.volunteer.leave();
  await running;
  expect(alone.volunteer.status.state).toBe('left');
  expect(alone.volunteer.status.gpuBytes).toBe(0);
});

test('a volunteer that comes after the last round is given the finished model', async () => {
  const swarm = await swarmOf(3, (config) => ({ ...config, minMembers: 2, roundDeadlineMs: 500 }));
  const [one, two, late] = swarm;
  void one.volunteer.run();
  void two.volunteer.run();
  const [first] = await Promise.all(
    [one, two].map(({ until }) => until(({ state }) => state === 'finished')),
  );
  void late.volunteer.run();
  const status = await late.until(({ state }) => state === 'finished');
  expect(status.stateDigest).toBe(first.stateDigest);
  expect(status.roundsTrained).toBe(0);
  expect(status.validationLoss).toBeCloseTo(first.validationLoss ?? NaN, 5);
  for (const { volunteer } of swarm) volunteer.leave();
});

test('a volunteer of a run that nobody holds says what it waits for and what to do', async () => {
  const [, orphan] = await swarmOf(2, (config) => config);
  void orphan.volunteer.run();
  const status = await orphan.until(
    ({ state, reason }) => state === 'waiting' && /volunteer of/.test(reason),
  );
  expect(status.fix).toMatch(/leave.*join/i);
  orphan.volunteer.leave();
  expect(orphan.volunteer.status.fix).toBe(undefined);
});
