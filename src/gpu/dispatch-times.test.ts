import { afterEach, expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { kernelOf, openTestGpu } from '../testing/gpu.ts';
import { dispatchTimes } from './dispatch-times.ts';
import type { Dispatch } from './kernel.ts';

const gpu = await openTestGpu();
const out = gpu.tensor([64], 'u32', 'out');

/** Does nothing much, in so many workgroups. */
const named = (name: string, groups: Dispatch['groups'] = [1, 1, 1]): Dispatch =>
  gpu.kernels.bind(
    kernelOf(
      name,
      `@compute @workgroup_size(1) fn main(@builtin(workgroup_id) group: vec3u) {
        out[group.x % 64u] = group.y;
      }`,
    ),
    [out],
    groups,
  );

/** A clock by which a workgroup of each kernel takes so long, and what was run: kernel and workgroups. */
function slow(msOfGroup: Readonly<Record<string, number>>) {
  const clock = new ManualClock();
  const run: string[] = [];
  gpu.onDispatch = ({ kernel, groups: [x, y, z] }) => {
    run.push(`${kernel} ${x * y * z}`);
    clock.advance((msOfGroup[kernel] ?? 0) * x * y * z);
  };
  return { clock, run };
}

afterEach(() => {
  gpu.onDispatch = undefined;
});

const inMs = ({ measured }: Awaited<ReturnType<typeof dispatchTimes>>) =>
  Object.fromEntries(measured.map(({ dispatch, ms }) => [dispatch.kernel, ms]));

test('every kind is timed, equal ones once, and a time longer than the limit twice: the shorter counts', async () => {
  const { clock, run } = slow({ short: 1, medium: 30, long: 80 });
  const dispatches = [named('short'), named('long'), named('short'), named('medium')];
  const times = await dispatchTimes(gpu, dispatches, { clock, budgetMs: 5_000, limitMs: 50 });
  expect(inMs(times)).toEqual({ short: 1, medium: 30, long: 80 });
  expect(times.unmeasured).toEqual([]);
  expect(run).toEqual(['short 1', 'long 1', 'long 1', 'medium 1']);
});

test('a second time that is shorter counts', async () => {
  const { clock } = slow({});
  const times = [60, 12];
  gpu.onDispatch = () => {
    clock.advance(times.shift() ?? NaN);
  };
  const { measured } = await dispatchTimes(gpu, [named('busy')], { clock, budgetMs: 5_000, limitMs: 50 });
  expect(measured[0].ms).toBe(12);
});

test('the way there and back is not taken for the time of a part: what is short is run whole, what is long is not', async () => {
  const { clock, run } = slow({ quick: 2 ** -7, lasting: 1, endless: 100 });
  const dispatches = [named('endless', [8, 64, 1]), named('lasting', [64, 1, 1]), named('quick', [64, 1, 1])];
  const times = await dispatchTimes(gpu, dispatches, { clock, budgetMs: 5_000, limitMs: 50 });
  expect(inMs(times)).toEqual({ endless: 51_200, lasting: 64, quick: 0.5 });
  expect(run).toEqual([
    'endless 8', // a row of 64: 0.8 s of 51
    'endless 8',
    'lasting 1',
    'lasting 1',
    'quick 1',
    'lasting 25', // half of the limit tells enough
    'lasting 25',
    'quick 64',
  ]);
});

test('workgroups that are done side by side are not taken for as many in turn', async () => {
  const { clock, run } = slow({});
  const inTurn = gpu.onDispatch;
  gpu.onDispatch = (dispatch) => {
    inTurn?.(dispatch);
    clock.advance(20 * Math.ceil(dispatch.groups[0] / 40)); // 40 at a time
  };
  const dispatches = [named('wide', [64, 1, 1])];
  const times = await dispatchTimes(gpu, dispatches, { clock, budgetMs: 5_000, limitMs: 50 });
  expect(inMs(times)).toEqual({ wide: 40 });
  expect(run.at(-1)).toBe('wide 64');
});

test('none is begun after the time is up, and those left out are named', async () => {
  const { clock, run } = slow({ a: 15, b: 15, c: 15 });
  const dispatches = [named('a'), named('b'), named('c'), named('d', [16, 1, 1])];
  const times = await dispatchTimes(gpu, dispatches, { clock, budgetMs: 20, limitMs: 50 });
  expect(inMs(times)).toEqual({ a: 15, b: 15 });
  expect(times.unmeasured.map(({ kernel }) => kernel)).toEqual(['c', 'd']);
  expect(run).toEqual(['a 1', 'b 1']);
});

test('where the time ends before a kind was run whole, what is known of a part of it counts', async () => {
  const { clock, run } = slow({ a: 1, b: 1 });
  const dispatches = [named('a', [32, 1, 1]), named('b', [32, 1, 1])];
  const times = await dispatchTimes(gpu, dispatches, { clock, budgetMs: 6, limitMs: 50 });
  expect(inMs(times)).toEqual({ a: 32, b: 32 });
  expect(run).toEqual(['a 1', 'b 1', 'a 25']);
});
