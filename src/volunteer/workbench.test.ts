import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { FakeGpu } from '../testing/fake-gpu.ts';
import { soloConfig, soloFounder } from '../testing/toy-run.ts';
import { Phases } from './phases.ts';
import { StatusBoard } from './status-board.ts';
import { Workbench } from './workbench.ts';

/** On which every look at the time takes `stepMs`, and so does all that a fake GPU computes. */
class SteppingClock implements Clock {
  stepMs = 1;
  #now = 0;

  now(): number {
    return (this.#now += this.stepMs);
  }

  after(_: number, callback: () => void): () => void {
    const handle = setTimeout(callback, 0);
    return () => {
      clearTimeout(handle);
    };
  }
}

/** A volunteer's bench on a fake GPU, and for which adapters it asked what was measured before. */
async function benchOn(gpu: FakeGpu) {
  const clock = new SteppingClock();
  const board = new StatusBoard(soloConfig, soloFounder, new Phases(clock));
  const asked: string[] = [];
  const tuning = {
    get: (adapter: string) => Promise.resolve(void asked.push(adapter)),
    put: () => Promise.resolve(),
  };
  const bench = new Workbench({ gpu: gpu.entry, clock, tuning }, soloConfig, board, () => undefined);
  await bench.open();
  const recover = async (): Promise<void> => {
    gpu.newest.lose('driver reset');
    const trouble = await bench.troubleBehind(new Error('a buffer could not be read'));
    if (trouble === undefined) throw new Error('no trouble');
    await bench.recover(trouble);
  };
  return { clock, board, bench, asked, recover };
}

/** What a fake GPU that takes 200 ms for whatever it is asked leads to. */
const slowly = { microBatch: 4, batch: 1 };

test('a GPU lost while it is set up is measured and its micro-batches cut once it is back', async () => {
  const gpu = new FakeGpu();
  gpu.onOpen = (device) => {
    if (gpu.devices.length > 1) return;
    device.onMake = (label) => {
      if (label === 'momentum') device.lose('driver reset');
    };
  };
  const { clock, board, bench } = await benchOn(gpu);
  clock.stepMs = 200;
  await bench.setUp();
  expect(board.gpuLosses).toBe(1);
  expect(gpu.devices).toHaveLength(2);
  expect(board.gpuPlan).toMatchObject(slowly);
  expect(board.gpuPlan?.longestDispatchMs).toBeGreaterThan(50);
  expect(bench.replica.batch).toBe(1);
});

test('the same GPU goes on as it was; another one is chosen for, measured and cut anew', async () => {
  const gpu = new FakeGpu();
  const { clock, board, bench, asked, recover } = await benchOn(gpu);
  clock.stepMs = 200;
  await bench.setUp();
  const [plan, precision, before] = [board.gpuPlan, board.precision, asked.length];
  expect(plan).toMatchObject(slowly);
  await recover();
  expect(board.gpuPlan).toEqual(plan);
  expect(board.precision).toBe(precision);
  expect(asked).toHaveLength(before);
  gpu.info = { ...gpu.info, description: 'Fake Two' };
  clock.stepMs = 1;
  await recover();
  expect(asked.slice(before)).toEqual([expect.stringContaining('Fake Two')]);
  expect(board.gpuPlan).toMatchObject({ microBatch: 4, batch: 4, notes: [] });
  expect(board.precision).not.toBe(precision);
  const told = board.snapshot(undefined).events.map(({ text }) => text);
  expect(told[0]).toMatch(/^The GPU was lost: driver reset\. It was set up again within \d+\.\d s\.$/);
  expect(told[1]).toMatch(/It was set up again on Fake Two within/);
});

test.each([
  ['f16 is measured', 'precision'],
  ['the model is put on the GPU', 'momentum'],
])('memory that runs out while %s leads to a smaller plan, not to the end of the join', async (_, what) => {
  const gpu = new FakeGpu();
  gpu.features.add('shader-f16');
  gpu.onOpen = (device) => {
    device.onMake = (label) => {
      const isTooMuch = what === 'precision' || gpu.devices.length === 1;
      if (label === what && isTooMuch) device.report('GPUOutOfMemoryError', '2 GB wanted');
    };
  };
  const { board, bench } = await benchOn(gpu);
  await bench.setUp();
  expect(gpu.devices).toHaveLength(2);
  expect(board.gpuPlan).toMatchObject({ batch: 4, recomputes: true });
  expect(board.precision?.reason).toContain(what === 'precision' ? 'too little memory' : '');
  expect(board.snapshot(undefined).events).toMatchObject([{ kind: 'gpu-memory' }]);
});

test('a model that fits in no way ends the join, and nothing is set up again for that', async () => {
  const gpu = new FakeGpu();
  gpu.onOpen = (device) => {
    device.limits.maxStorageBufferBindingSize = 1_000;
  };
  const { bench } = await benchOn(gpu);
  await expect(bench.setUp()).rejects.toBeInstanceOf(StarlingError);
  expect(gpu.devices).toHaveLength(1);
});
