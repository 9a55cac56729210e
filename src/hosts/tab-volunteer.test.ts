import { expect, test, vi } from 'vitest';
import { canonicalJson } from '../base/canonical-json.ts';
import type { RunId } from '../base/ids.ts';
import type { PauseCause } from '../volunteer/comfort.ts';
import type { MetricsDelta } from '../volunteer/metrics-feed.ts';
import type { RunConfig } from '../volunteer/run-config.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import type { OpenIdentity } from './identity-store.ts';
import { TabVolunteer } from './tab-volunteer.ts';
import type { OneTraining } from './training.ts';
import type { WorkerListener, WorkerStart } from './training-worker.ts';

const me = 'a'.repeat(32);
const key = { info: undefined, slot: 0 } as unknown as OpenIdentity;
const configOf = (name: string): RunConfig => ({ corpus: name }) as unknown as RunConfig;

const saying = (more: object = {}): VolunteerStatus =>
  ({
    ...{ state: 'training', self: me, events: [], receipts: [], leaderboard: { lines: [] } },
    ...{ roundsTrained: 1, tokensPerSecond: 900, bytesUp: 0, bytesDown: 0, textBytes: 0 },
    ...{
      peers: [{ id: 'b', self: false, member: true, connected: true }],
      timeline: { nowMs: 0, rounds: [] },
    },
    ...more,
  }) as unknown as VolunteerStatus;

/** A tab whose workers are this test. */
function tab() {
  const workers: { config: RunConfig; listener: WorkerListener; told: string[]; isStopped: boolean }[] = [];
  let hold: PauseCause | undefined;
  let answer: 'follow' | 'stay' = 'follow';
  let refusal: Error | undefined;
  const saw: (string | undefined)[] = [];
  const begin = (config: RunConfig): OneTraining => {
    const told: string[] = [];
    const training: OneTraining = {
      ...{ config, key, text: canonicalJson(config), run: 'r'.repeat(64) as RunId, status: undefined },
      start: (_start, _asked, listener) => {
        if (refusal !== undefined) return Promise.reject(refusal);
        workers.push({ config, listener, told, isStopped: false });
        return Promise.resolve();
      },
      keepTo: () => undefined,
      tell: (kind) => void told.push(kind),
      ask: undefined,
      announce: () => undefined,
      meet: () => answer,
      stop: () => {
        const mine = workers.find((one) => one.config === config);
        if (mine !== undefined) mine.isStopped = true;
      },
    };
    return training;
  };
  const volunteer = new TabVolunteer({
    begin,
    start: {} as Omit<WorkerStart, 'gpuShare' | 'hold'>,
    kept: { recall: () => undefined, keep: () => undefined },
    asked: () => ({ share: 1, hold }),
    saw: (status) => saw.push(status?.state),
    changed: () => undefined,
  });
  return {
    ...{ volunteer, workers, saw },
    holds: (cause: PauseCause | undefined) => {
      hold = cause;
      volunteer.keepTo({ share: 1, hold });
    },
    answers: (to: typeof answer) => (answer = to),
    refuses: (why: Error) => (refusal = why),
  };
}

test('who saves data leaves the network, and comes back when it may', async () => {
  const { volunteer, workers, holds } = tab();
  await volunteer.train(configOf('one'), key);
  workers[0]?.listener.status(saying(), undefined);
  holds('data-cap');
  expect(workers[0]?.told).toEqual(['leave']);
  expect(volunteer.status).toMatchObject({ state: 'paused', isAside: true });
  workers[0]?.listener.status(saying({ state: 'left' }), undefined);
  expect(volunteer.status?.isAside).toBe(true);
  await vi.waitFor(() => expect(volunteer.isAtWork).toBe(false));
  holds(undefined);
  expect(workers.map(({ config }) => config)).toEqual([configOf('one'), configOf('one')]);
});

test('a run met while it steps aside is not trained before data may be spent, and the one before not again', async () => {
  const { volunteer, workers, holds } = tab();
  await volunteer.train(configOf('one'), key);
  workers[0]?.listener.status(saying(), undefined);
  holds('data-cap');
  volunteer.meet(configOf('two'));
  expect(workers.length).toBe(1);
  expect(volunteer.run?.text).toBe(canonicalJson(configOf('two')));
  expect(volunteer.status).toMatchObject({ state: 'paused', isAside: true });
  holds(undefined);
  expect(workers.map(({ config }) => config)).toEqual([configOf('one'), configOf('two')]);
  workers[1]?.listener.status(saying(), undefined);
  expect(volunteer.status?.state).toBe('training');
});

test('a run that is met while it trains is followed at once', async () => {
  const { volunteer, workers } = tab();
  await volunteer.train(configOf('one'), key);
  workers[0]?.listener.status(saying(), undefined);
  volunteer.meet(configOf('two'));
  expect(workers[0]?.isStopped).toBe(true);
  expect(workers[1]?.config).toEqual(configOf('two'));
});

test('what was measured while it steps aside is kept', async () => {
  const { volunteer, workers, holds } = tab();
  await volunteer.train(configOf('one'), key);
  workers[0]?.listener.status(saying(), undefined);
  holds('metered');
  const before = volunteer.metrics(undefined).length;
  const delta: MetricsDelta = { keepTo: Infinity, rows: new Float64Array(13).fill(1) };
  workers[0]?.listener.status(saying(), delta);
  expect(volunteer.metrics(undefined).length).toBe(before + 1);
  expect(volunteer.status?.isAside).toBe(true);
});

test('who watches over the tab hears of a worker that broke, and of one that could not be begun', async () => {
  const { volunteer, workers, saw, answers, refuses } = tab();
  await volunteer.train(configOf('one'), key);
  workers[0]?.listener.status(saying(), undefined);
  expect(saw).toEqual(['training']);
  answers('follow');
  refuses(new Error('no worker'));
  volunteer.meet(configOf('two'));
  await vi.waitFor(() => expect(saw).toEqual(['training', 'failed']));

  const other = tab();
  await other.volunteer.train(configOf('one'), key);
  other.workers[0]?.listener.status(saying(), undefined);
  other.workers[0]?.listener.broken('It broke.', 'Reload.');
  expect(other.saw).toEqual(['training', 'failed']);
});
