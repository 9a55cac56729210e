import { afterEach, expect, test } from 'vitest';
import { realClock, type Clock } from '../base/clock.ts';
import type { StarlingError } from '../base/errors.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { FragileGpu } from '../testing/fragile-gpu.ts';
import { volunteersOf } from '../testing/volunteers.ts';
import { Phases } from './phases.ts';
import type { RunConfig } from './run-config.ts';
import { planRun } from './run-plan.ts';
import { StatusBoard } from './status-board.ts';
import type { VolunteerStatus } from './status.ts';
import { Workbench } from './workbench.ts';

const seed = 71;
const founder = 'a'.repeat(32) as PeerId;
type Made = Awaited<ReturnType<typeof volunteersOf>>[number];
const running: Made[] = [];
afterEach(() => {
  for (const { volunteer } of running.splice(0)) volunteer.leave();
});

/** Volunteers of an endless run, the first on a GPU that breaks when asked to. */
async function withFragile(count: number, change: (config: RunConfig) => Partial<RunConfig> = () => ({})) {
  const gpu = new FragileGpu();
  const made = await volunteersOf(
    count,
    seed,
    (config) => ({ ...config, endRound: null, minMembers: count, ...change(config) }),
    { gpuOf: (index) => (index === 0 ? gpu.entry : new FragileGpu().entry) },
  );
  running.push(...made);
  return { gpu, made, victim: made[0] };
}

/** The state after each round, checked to be the same however often a round is told of. */
function statesOf({ volunteer }: Made, known = new Map<number, string>()): Map<number, string> {
  for (const { round, state } of volunteer.status.records) {
    expect(known.get(round) ?? state, `state after round ${round}`).toBe(state);
    known.set(round, state);
  }
  return known;
}

const reach = (made: readonly Made[], round: number): Promise<VolunteerStatus[]> =>
  Promise.all(made.map(({ until }) => until((status) => status.round >= round)));

test('a GPU lost in the middle of a round is opened again, and the replica goes on with the others, bit for bit', async () => {
  const { gpu, made, victim } = await withFragile(2);
  for (const { volunteer } of made) void volunteer.run();
  await reach(made, 11); // between two kept states
  const before = statesOf(victim);
  const { receipts } = victim.volunteer.status;
  gpu.lose();
  const recovered = await victim.until(({ gpuLosses }) => gpuLosses === 1);
  expect(recovered.events.find(({ kind }) => kind === 'gpu-lost')?.text).toMatch(
    /^The GPU was lost: .+\. It was set up again within \d+\.\d s\.$/,
  );
  const [status] = await reach(made, 18);
  statesOf(victim, before);
  const [mine, other] = made.map((one) => statesOf(one));
  const both = [...mine.keys()].filter((round) => other.has(round));
  expect(both.length).toBeGreaterThanOrEqual(17);
  expect(both.filter((round) => mine.get(round) !== other.get(round))).toEqual([]);
  expect(status.replicasAgree).not.toBe(false);
  expect(status.repairs).toBe(0);
  expect(gpu.devices).toHaveLength(2);
  await victim.until(
    ({ receipts: all }) => all.filter(({ counted }) => counted).length > receipts.length + 5,
  );
  const losses = victim.volunteer.status.curve.map(({ train }) => train);
  expect(losses.at(-1)).toBeLessThan(losses[0] - 0.3);
});

test('a volunteer alone goes on from what it kept itself, and after losses on and on it ends and says what to do', async () => {
  const { gpu, victim } = await withFragile(1);
  gpu.onOpen = (device) => {
    if (gpu.devices.length === 1) device.destroy(); // before there is anything to lose
  };
  void victim.volunteer.run();
  const begun = await victim.until(({ round }) => round >= 11);
  expect(begun.gpuLosses).toBe(1);
  const known = statesOf(victim);
  gpu.missing = 1; // the GPU's process takes a moment to come back
  gpu.lose();
  await victim.until(({ gpuLosses }) => gpuLosses === 2);
  const { round } = await victim.until((status) => status.round >= Math.max(...known.keys()) + 2);
  expect([...statesOf(victim, known).keys()]).toEqual(Array.from({ length: round }, (_, i) => i + 1));
  gpu.onOpen = (device) => {
    device.destroy();
  };
  gpu.lose();
  const failed = await victim.until(({ state }) => state === 'failed');
  expect(failed.reason).toMatch(/^The GPU failed 4 times within 5 minutes/);
  expect(failed.fix).toMatch(/driver/);
});

test('where no GPU comes back after a loss, that is what is said, after one series of asking', async () => {
  const gpu = new FragileGpu();
  const config = planRun({
    ...{ preset: 'nano', seed, volunteers: 1, rounds: undefined, fixedWork: true, founder },
    ...{ nonce: '0'.repeat(32), corpus: '0'.repeat(64) as Digest },
  });
  const hurried: Clock = { ...realClock, after: (ms, then) => realClock.after(ms / 20, then) };
  const board = new StatusBoard(config, founder, new Phases(hurried));
  const bench = new Workbench({ gpu: gpu.entry, clock: hurried }, config, board, () => undefined);
  await bench.open();
  gpu.missing = 10;
  gpu.lose();
  const trouble = (await bench.troubleBehind(new Error('a buffer could not be read'))) as StarlingError;
  expect(trouble.code).toBe('gpu-lost');
  await expect(bench.recover(trouble)).rejects.toMatchObject({ code: 'no-adapter' });
  expect(gpu.missing).toBe(6);
  bench.close();
});

test('what a GPU refuses is counted and shown once; memory that runs out leads to a smaller model in memory, with the same states', async () => {
  const { gpu, victim } = await withFragile(1);
  void victim.volunteer.run();
  const before = await victim.until(({ round }) => round >= 3);
  expect(before.gpuPlan).toMatchObject({ microBatch: 2, batch: 2, recomputes: false, notes: [] });
  expect(before.gpuPlan?.longestDispatchMs).toBeGreaterThan(0);
  for (let time = 0; time < 3; time++) {
    const buffer = gpu.newest.createBuffer({ size: 16, usage: 0x08, label: 'too short' });
    gpu.newest.queue.writeBuffer(buffer, 0, new Uint32Array(8));
  }
  const refused = await victim.until(({ gpuErrors }) => gpuErrors === 3);
  expect(refused.state).toBe('training');
  expect(refused.events.flatMap(({ kind, text }) => (kind === 'gpu-error' ? [text] : []))).toEqual([
    expect.stringMatching(/^The GPU refused too short: .*\(gpu-validation\)$/),
  ]);
  const known = statesOf(victim);
  gpu.runOutOfMemory();
  const smaller = await victim.until(({ gpuPlan }) => gpuPlan?.recomputes === true);
  expect(smaller.gpuPlan?.notes[0]).toMatch(/too little memory for 2 sequences at once/);
  expect(smaller.events.find(({ kind }) => kind === 'gpu-memory')?.text).toMatch(
    /no memory left for this round/,
  );
  expect(smaller.gpuLosses).toBe(0);
  gpu.runOutOfMemory();
  const smallest = await victim.until(({ gpuPlan }) => gpuPlan?.batch === 1);
  await victim.until(({ round }) => round >= Math.max(...known.keys()) + 3);
  expect(statesOf(victim, known).size).toBeGreaterThanOrEqual(6);
  expect(smallest.gpuPlan?.notes[0]).toMatch(/in 2 pieces of 1 sequence\.$/);
});
