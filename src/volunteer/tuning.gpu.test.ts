import { expect, test } from 'vitest';
import { realClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { presets } from '../model/config.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { machineOf, type TuningRecord, type TuningStore } from './tuning-record.ts';
import { tuneKernels } from './tuning.ts';

const gpu = await openTestGpu();
const size = { batch: 1, sequence: 64, k: 8 };

/** Keeps by adapter. */
function memoryStore() {
  const kept = new Map<string, TuningRecord>();
  return {
    kept,
    get: (adapter: string) => Promise.resolve<unknown>(kept.get(adapter)),
    put: (adapter: string, record: TuningRecord) => Promise.resolve(void kept.set(adapter, record)),
  } satisfies TuningStore & { readonly kept: unknown };
}

test('what is measured of a GPU is kept, and a later visit goes on from there', async () => {
  const store = memoryStore();
  const visit = async (): Promise<void> => {
    gpu.choices.clear();
    await tuneKernels(gpu, presets.nano, size, { clock: realClock, store });
  };
  await visit();
  const [[adapter, record]] = [...store.kept];
  expect(adapter).toContain('SwiftShader');
  const products = Object.keys(record.choices).filter((key) => key.startsWith('matmul'));
  expect(products.length).toBeGreaterThan(0);
  await visit();
  expect([...store.kept.keys()]).toEqual([adapter]);
  const after = store.kept.get(adapter);
  expect(after?.version).toBe(record.version);
  expect(Object.keys(after?.choices ?? {})).toEqual(
    expect.arrayContaining(products.filter((key) => !key.includes('#'))),
  );
});

test('what is measured on a GPU that fails meanwhile is neither taken nor kept', async () => {
  const store = memoryStore();
  const recalled = { 'matmul-nn/64x64x64': 'tile8' };
  const { version } = await machineOf(gpu);
  const get = () => Promise.resolve({ version, choices: recalled });
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

test('a store that refuses, costs a measurement and no more', async () => {
  const refusing: TuningStore = {
    get: () => Promise.reject(new Error('no disk')),
    put: () => Promise.reject(new Error('no disk')),
  };
  for (const store of [refusing, undefined]) {
    gpu.choices.clear();
    await tuneKernels(gpu, presets.nano, size, { clock: realClock, store });
    expect(gpu.choices.size).toBeGreaterThan(0);
  }
});
