import { expect, test } from 'vitest';
import { realClock } from '../base/clock.ts';
import { presets } from '../model/config.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { tuneProducts, type TuningStore } from './tuning.ts';

const gpu = await openTestGpu();
const size = { batch: 1, sequence: 64 };

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
    await tuneProducts(gpu, presets.nano, size, { clock: realClock, store });
    return dispatches - before;
  };
  const kept = () => [...store.kept.values()][0] as Readonly<Record<string, string>>;
  expect(await visit()).toBeGreaterThan(0);
  expect([...store.kept.keys()][0]).toContain('SwiftShader');
  const first = kept();
  // Each visit has time for one product at least, and that stands for all of its transpose.
  for (let more = 0; more < 3; more++) await visit();
  expect(kept()).toMatchObject(first);
  expect(Object.keys(kept())).toHaveLength(15);
  const { puts } = store;
  expect(await visit()).toBe(0);
  expect(store.puts).toBe(puts);
  gpu.onDispatch = undefined;
});

test('a store that refuses, or holds rubbish, costs a measurement and no more', async () => {
  const refusing: TuningStore = {
    get: () => Promise.reject(new Error('no disk')),
    put: () => Promise.reject(new Error('no disk')),
  };
  for (const store of [refusing, undefined]) {
    gpu.choices.clear();
    await tuneProducts(gpu, presets.nano, size, { clock: realClock, store });
    expect(gpu.choices.size).toBeGreaterThan(0);
  }
  const store = memoryStore();
  const get = () => Promise.resolve({ 'matmul-nt/64x192x64': 'tomorrow' });
  gpu.choices.clear();
  await tuneProducts(gpu, presets.nano, size, { clock: realClock, store: { ...store, get } });
  expect([...gpu.choices.values()]).not.toContain('tomorrow');
});
