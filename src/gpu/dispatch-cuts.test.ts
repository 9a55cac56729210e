import { afterEach, expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { kernelOf, openTestGpu } from '../testing/gpu.ts';
import { cutLongDispatches } from './dispatch-cuts.ts';
import type { Dispatch } from './kernel.ts';

const gpu = await openTestGpu();

/** Writes down which invocation came to each place, by its number of workgroup or of invocation. */
const numbered = (
  name: string,
  groups: Dispatch['groups'],
  place = 'workgroup_id',
  more = '',
): { dispatch: Dispatch; read: () => Promise<ArrayLike<number>> } => {
  const [x, y, z] = groups;
  const out = gpu.tensor([x * y * z * 4], 'u32', 'out');
  const index = `(id.z * ${y}u + id.y) * ${x}u`;
  const at =
    place === 'workgroup_id' ? `4u * (${index} + id.x) + lane` : `4u * (${index} + id.x / 4u) + id.x % 4u`;
  const dispatch = gpu.kernels.bind(
    kernelOf(
      name,
      `${more}
        @compute @workgroup_size(4)
        fn main(@builtin(${place}) id: vec3u, @builtin(local_invocation_index) lane: u32) {
          let at = ${at};
          out[at] += at + 1u;
        }`,
    ),
    [out],
    groups,
  );
  return { dispatch, read: async () => (await gpu.read(out))[0] };
};

/** A clock by which a dispatch takes what `ms` says of its kernel and workgroups. */
function slow(ms: (kernel: string, groups: number, first: number) => number) {
  const clock = new ManualClock();
  gpu.onDispatch = ({ kernel, groups: [x, y, z], kind }) => {
    clock.advance(ms(kernel, x * y * z, Number(/ from (\d+)/.exec(kind)?.[1] ?? 0)));
  };
  return { clock, budgetMs: 1e6, limitMs: 50 };
}

/** How many dispatches are run for one. */
const partsOf = (dispatch: Dispatch): number => gpu.kernels.partsOf(dispatch).length;

afterEach(() => {
  gpu.onDispatch = undefined;
});

test('what takes longer than the limit is run in as many parts as that asks for, and nothing else is', async () => {
  const [short, long, longer] = ['short', 'long', 'longer'].map((name) => numbered(name, [100, 1, 1]));
  const msOfGroup = { short: 0.49, long: 0.6, longer: 4 } as Readonly<Record<string, number>>;
  const report = await cutLongDispatches(
    gpu,
    [short.dispatch, long.dispatch, longer.dispatch, long.dispatch],
    slow((kernel, groups) => msOfGroup[kernel] * groups),
  );
  expect([short, long, longer].map(({ dispatch }) => partsOf(dispatch))).toEqual([1, 2, 10]);
  expect(report.whole.name).toBe('longer');
  expect(report.whole.ms).toBeCloseTo(400);
  expect(report.longest.name).toBe('short');
  expect(report.longest.ms).toBeCloseTo(49);
  expect(report).toMatchObject({ kinds: 3, cut: 2, parts: 10, unmeasured: [] });
});

test('parts that turn out too long are made smaller, down to a workgroup', async () => {
  const uneven = numbered('uneven', [40, 1, 1]);
  // Its first workgroups let expect 80 ms, but the last ten take four times as long as the others.
  await cutLongDispatches(
    gpu,
    [uneven.dispatch],
    slow((_, groups, first) => 2 * groups + 6 * Math.max(0, Math.min(groups, first + groups - 30))),
  );
  expect(partsOf(uneven.dispatch)).toBe(8); // two of 40 and 100 ms; five, the last of 64; eight, the last of 40
  const endless = numbered('endless', [3, 2, 1]);
  const report = await cutLongDispatches(
    gpu,
    [endless.dispatch],
    slow((_, groups) => 70 * groups),
  );
  expect(partsOf(endless.dispatch)).toBe(6);
  expect(report.longest).toEqual({ name: 'endless', ms: 70 });
});

test('parts do what the whole does, each workgroup once, counted by workgroup or by invocation', async () => {
  for (const place of ['workgroup_id', 'global_invocation_id']) {
    for (const groups of [[7, 1, 1] as const, [2, 5, 3] as const]) {
      const one = numbered(`by ${place} ${groups.join()}`, groups, place);
      gpu.kernels.parts.set(one.dispatch.kind, 4);
      const run: number[] = [];
      gpu.onDispatch = ({ groups: [x, y, z] }) => run.push(x * y * z);
      gpu.submit([one.dispatch]);
      gpu.onDispatch = undefined;
      expect(run).toHaveLength(4);
      const wanted = Array.from({ length: 4 * groups[0] * groups[1] * groups[2] }, (_, i) => i + 1);
      expect(Array.from(await one.read())).toEqual(wanted);
    }
  }
});

test('what the uniforms of a whole are set to later holds for its parts', async () => {
  const out = gpu.tensor([4], 'u32', 'out');
  const dispatch = gpu.kernels.bind(
    {
      name: 'set',
      code: `struct Params { value: u32 }
        @group(0) @binding(0) var<uniform> params: Params;
        @group(0) @binding(1) var<storage, read_write> out: array<u32>;
        @compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) { out[id.x] = params.value + id.x; }`,
      entry: 'main',
      bindings: ['write'],
      uniforms: true,
      promise: { kind: 'bitwise' },
    },
    [out],
    [4, 1, 1],
    [{ u32: 1 }],
  );
  gpu.kernels.parts.set(dispatch.kind, 2);
  gpu.submit([dispatch]);
  dispatch.setUniforms([{ u32: 10 }]);
  gpu.submit([dispatch]);
  expect([...(await gpu.readU32(out))]).toEqual([10, 11, 12, 13]);
});

test('what is bound later, and is of a kind that is cut, is cut and compiled with all else', async () => {
  const first = numbered('again', [4, 1, 1]);
  await cutLongDispatches(
    gpu,
    [first.dispatch],
    slow((_, groups) => 20 * groups),
  );
  gpu.onDispatch = undefined;
  const second = numbered('again', [4, 1, 1]);
  expect(partsOf(second.dispatch)).toBe(partsOf(first.dispatch));
  expect(partsOf(second.dispatch)).toBe(2);
  gpu.submit([second.dispatch]);
  expect(Array.from(await second.read())).toHaveLength(16);
});

test('a kind whose parts cannot be compiled stays whole, and stays the longest', async () => {
  const one = numbered('firm', [4, 1, 1], 'workgroup_id', 'var<private> firstOfPart: u32;');
  const report = await cutLongDispatches(
    gpu,
    [one.dispatch],
    slow((_, groups) => 30 * groups),
  );
  expect(partsOf(one.dispatch)).toBe(1);
  expect(report).toMatchObject({ cut: 0, longest: { name: 'firm', ms: 120 } });
  await gpu.kernels.compileAhead();
});
