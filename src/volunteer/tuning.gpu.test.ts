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

test('a GPU is measured at the first visit, and what was kept is taken back at the next', async () => {
  const store = memoryStore();
  gpu.choices.clear();
  await tuneProducts(gpu, presets.nano, size, { clock: realClock, store });
  expect([...store.kept.keys()][0]).toContain('SwiftShader');
  const chosen = new Map(gpu.choices);
  expect(chosen.size).toBeGreaterThan(0);
  gpu.choices.clear();
  await tuneProducts(gpu, presets.nano, size, { clock: realClock, store });
  expect(gpu.choices).toEqual(chosen);
  expect(store.puts).toBe(1);
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
