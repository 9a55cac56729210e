import { expect, test } from 'vitest';
import { realClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { presets } from '../model/config.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { tuneKernels, type TuningStore } from './tuning.ts';

const gpu = await openTestGpu();
const size = { batch: 1, sequence: 64, k: 8 };

/** Keeps by adapter, and counts. */
function memoryStore(): TuningStore & { readonly kept: Map<string, unknown>; puts: number } {
  const kept = new Map<string, unknown>();
  const store = {
    ...{ kept, puts: 0 },
    get: (adapter: string) => Promise.resolve(kept.get(adapter)),
    put: (adapter: string, choices: Readonly<Record<string, string>>) => {
      store.puts++;
      kept.set(adapter, choices);
      return Promise.resolve();
    },
  };
  return store;
}

test('what is measured of a GPU is kept, and later visits measure only what a busy machine had no time for', async () => {
  const store = memoryStore();
  let dispatches = 0;
  gpu.onDispatch = () => dispatches++;
  const visit = async (): Promise<number> => {
    const before = dispatches;
    gpu.choices.clear();
    await tuneKernels(gpu, presets.nano, size, { clock: realClock, store });
    return dispatches - before;
  };
  const kept = () => [...store.kept.values()][0] as Readonly<Record<string, string>>;
  expect(await visit()).toBeGreaterThan(0);
  expect([...store.kept.keys()][0]).toContain('SwiftShader');
  // Each visit has time for one variant at least that none had before, or for half of a long compilation.
  const isDecided = () => Object.keys(kept()).length === 19 && !Object.keys(kept()).join().includes('#');
  for (let visits = 1; visits < 20 && !isDecided(); visits++) await visit();
  const ops = Object.keys(kept()).map((key) => key.split('/')[0].replace(/-(nt|nn|tn)$/, ''));
  const count = (op: string): number => ops.filter((one) => one === op).length;
  expect(count('matmul')).toBe(15);
  for (const op of ['attention-forward', 'attention-backward', 'compress', 'pack']) expect(count(op)).toBe(1);
  expect(ops).toHaveLength(19); // and nothing is left open
  const { puts } = store;
  expect(await visit()).toBe(0);
  expect(store.puts).toBe(puts);
  gpu.onDispatch = undefined;
});

test('what is measured on a GPU that fails meanwhile is neither taken nor kept', async () => {
  const store = memoryStore();
  const recalled = { 'matmul-nn/64x64x64': 'tile8' };
  const get = () => Promise.resolve(recalled);
  let measured = 0;
  const check = (): void => {
    measured = gpu.choices.size;
    throw new StarlingError('gpu-lost', 'The GPU was lost: driver reset', '');
  };
  gpu.choices.clear();
  const visit = tuneKernels(gpu, presets.nano, size, { clock: realClock, store: { ...store, get }, check });
  await expect(visit).rejects.toMatchObject({ code: 'gpu-lost' });
  expect(measured).toBeGreaterThan(1);
  expect(Object.fromEntries(gpu.choices)).toEqual(recalled);
  expect(store.kept.size).toBe(0);
});

test('a store that refuses, or holds rubbish, costs a measurement and no more', async () => {
  const refusing: TuningStore = {
    get: () => Promise.reject(new Error('no disk')),
    put: () => Promise.reject(new Error('no disk')),
  };
  for (const store of [refusing, undefined]) {
    gpu.choices.clear();
    await tuneKernels(gpu, presets.nano, size, { clock: realClock, store });
    expect(gpu.choices.size).toBeGreaterThan(0);
  }
  const store = memoryStore();
  // What an earlier version kept is taken, what a later one keeps is not.
  const old = { 'matmul-nn/64x64x64': 'tile8', 'matmul-nt/64x192x64': 'tomorrow' };
  const get = () => Promise.resolve(old);
  gpu.choices.clear();
  await tuneKernels(gpu, presets.nano, size, { clock: realClock, store: { ...store, get } });
  expect([...gpu.choices.values()]).not.toContain('tomorrow');
  expect(gpu.choices.get('matmul-nn/64x64x64')).toBe('tile8');
});
