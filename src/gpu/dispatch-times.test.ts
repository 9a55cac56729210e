import { expect, test } from 'vitest';
import { ManualClock, realClock } from '../base/clock.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { longestDispatch } from './dispatch-times.ts';
import type { Dispatch } from './kernel.ts';

const gpu = await openTestGpu();
const out = gpu.tensor([64], 'u32', 'out');

/** Counts to `rounds` in every invocation. */
const busy = (name: string, rounds: number): Dispatch =>
  gpu.kernels.bind(
    {
      name,
      code: `@group(0) @binding(1) var<storage, read_write> out: array<u32>;
        @compute @workgroup_size(64) fn main(@builtin(local_invocation_id) id: vec3u) {
          var x = id.x;
          for (var i = 0u; i < ${rounds}u; i++) { x = x * 1664525u + 1013904223u; }
          out[id.x] = x;
        }`,
      entry: 'main',
      bindings: ['write'],
      uniforms: false,
      promise: { kind: 'bitwise' },
    },
    [out],
    [1, 1, 1],
  );

test('the longest of several dispatches is found, and equal ones are run once', async () => {
  const dispatches = [busy('short', 10), busy('long', 2_000_000), busy('short', 10), busy('medium', 1_000)];
  gpu.submit(dispatches);
  await gpu.idle();
  const run: string[] = [];
  gpu.onDispatch = ({ kernel }) => run.push(kernel);
  const { name, ms } = await longestDispatch(gpu, dispatches, { clock: realClock, budgetMs: 5_000 });
  gpu.onDispatch = undefined;
  expect(name).toBe('long');
  expect(ms).toBeGreaterThan(1);
  expect(run.filter((kernel) => kernel === 'short')).toHaveLength(1);
});

test('none is begun after the time is up', async () => {
  const clock = new ManualClock();
  const run: string[] = [];
  gpu.onDispatch = ({ kernel }) => {
    run.push(kernel);
    clock.advance(15);
  };
  const dispatches = [busy('a', 1), busy('b', 1), busy('c', 1)];
  expect(await longestDispatch(gpu, dispatches, { clock, budgetMs: 20 })).toEqual({ name: 'a', ms: 15 });
  gpu.onDispatch = undefined;
  expect(run).toEqual(['a', 'b']);
});
