import { expect, test } from 'vitest';
import { realClock, type Clock } from '../base/clock.ts';
import { nodeGpu } from '../hosts/node.ts';
import { presets } from '../model/config.ts';
import { volunteersOf } from '../testing/volunteers.ts';
import { soloConfig, soloFounder } from '../testing/toy-run.ts';
import { Phases } from './phases.ts';
import { StatusBoard } from './status-board.ts';
import { Workbench } from './workbench.ts';

/** On which everything takes `factor` times as long: a GPU so much slower. */
const slower = (factor: number): Clock => ({ ...realClock, now: () => factor * realClock.now() });

test('a micro-batch is cut on a GPU that is slow at it, and taken whole on one that is not', async () => {
  const plans = [];
  for (const factor of [1, 10_000]) {
    const clock = slower(factor);
    const board = new StatusBoard(soloConfig, soloFounder, new Phases(clock));
    const bench = new Workbench({ gpu: nodeGpu(), clock }, soloConfig, board, () => undefined);
    await bench.open();
    await bench.setUp();
    expect(bench.replica.batch).toBe(board.gpuPlan?.batch);
    plans.push(board.gpuPlan);
    bench.close();
  }
  expect(plans).toMatchObject([
    { microBatch: 4, batch: 4, recomputes: false, notes: [] },
    { microBatch: 4, batch: 1, recomputes: false },
  ]);
  expect(plans[1]?.notes[0]).toMatch(
    /in 4 pieces of 1 sequence, because one calculation on the whole took \d+ ms/,
  );
});

test('a GPU asked to rest half of the time does, and works on when it is not asked to any more', async () => {
  const [one] = await volunteersOf(1, 5, (toy) => ({
    ...toy,
    ...{ model: presets.nano, microBatch: 4, tokensPerRound: 256, endRound: null, validationEvery: 1_000 },
  }));
  one.volunteer.setGpuShare(0.5);
  void one.volunteer.run();
  await one.until(({ roundsTrained }) => roundsTrained >= 2); // what is compiled first is over
  one.volunteer.setGpuShare(0.5);
  const { round } = one.volunteer.status;
  const resting = await one.until(
    (status) => status.round >= round + 6 && status.gpuShareMeasured !== undefined,
  );
  expect(resting.gpuShare).toBe(0.5);
  // It may be less: a machine busy with other things wakes nobody in time.
  const rested = resting.gpuShareMeasured ?? NaN;
  expect(rested).toBeGreaterThan(0.15);
  expect(rested).toBeLessThan(0.6);
  one.volunteer.setGpuShare(1);
  const busy = await one.until(
    (status) => status.round > resting.round + 3 && status.gpuShareMeasured !== undefined,
  );
  expect(busy.gpuShareMeasured).toBeGreaterThan(1.15 * rested);
  one.volunteer.leave();
});
