import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { presets, type ModelConfig } from '../model/config.ts';
import type { Precision } from '../model/precision.ts';
import { openTimedGpu, type TimedGpu, type TimedWork } from '../testing/timed-gpu.ts';
import type { TuningRecord, TuningStore } from './tuning-record.ts';
import { tuneKernels, type TunedWork, type TuningHelp } from './tuning.ts';

const model = presets.nano;
const size = { batch: 1, sequence: 64, k: 8 };

/** Keeps by adapter, and counts. */
function memoryStore() {
  const kept = new Map<string, TuningRecord>();
  const store = {
    ...{ kept, puts: 0 },
    get: (adapter: string): Promise<unknown> => Promise.resolve(kept.get(adapter)),
    put: (adapter: string, record: TuningRecord) => {
      store.puts++;
      kept.set(adapter, record);
      return Promise.resolve();
    },
  };
  return store satisfies TuningStore;
}

/** Products of a long k are done best by `split`, others by `tile8`; 10 ms at least. */
function msOf({ entry, label, sizes }: TimedWork): number {
  if (!label.startsWith('matmul')) return 10;
  if (entry === 'split') return sizes['K'] >= 256 ? 10 : 25;
  return { tile8: 20, staged: 30 }[entry] ?? 50;
}

const msOfF16 = (work: TimedWork): number =>
  work.types['InB'] === 'f16' && work.entry === 'staged' ? 8 : msOf(work);

/** A visit, and what it did. */
async function visit(
  { gpu, done }: TimedGpu,
  clock: ManualClock,
  help: Partial<TuningHelp> = {},
  { work = size, of = model }: { readonly work?: TunedWork; readonly of?: ModelConfig } = {},
): Promise<{ readonly ms: number; readonly dispatches: number }> {
  const [start, before] = [clock.now(), done.length];
  await tuneKernels(gpu, of, work, { clock, store: undefined, ...help });
  return { ms: clock.now() - start, dispatches: done.length - before };
}

const opensOf = (choices: Readonly<Record<string, string>>): string[] =>
  Object.keys(choices).filter((key) => key.includes('#'));

describe('tuning', () => {
  it('measures at later visits what borrowed its choice, for half a second each, until all is decided', async () => {
    const store = memoryStore();
    const visits: { ms: number; isLeisure: boolean }[] = [];
    for (let count = 0; count < 40; count++) {
      const kept = store.kept.get('fake///Fake One')?.choices ?? {};
      const clock = new ManualClock();
      const timed = await openTimedGpu(clock, msOf);
      const { ms, dispatches } = await visit(timed, clock, { store });
      if (dispatches === 0) break;
      const isLeisure = count > 0 && opensOf(kept).every((key) => key.endsWith('#borrowed'));
      visits.push({ ms, isLeisure });
    }
    const [{ choices }] = [...store.kept.values()];
    expect(opensOf(choices)).toEqual([]);
    const products = Object.entries(choices).filter(([key]) => key.startsWith('matmul'));
    expect(products).toHaveLength(15);
    for (const [key, variant] of products)
      expect(variant, key).toBe(Number(/(\d+)$/.exec(key)?.[1]) >= 256 ? 'split' : 'tile8');
    // The last measurement begun goes on beyond.
    for (const { ms, isLeisure } of visits) expect(ms).toBeLessThan((isLeisure ? 500 : 2_000) + 200);
    expect(visits.filter(({ isLeisure }) => isLeisure).length).toBeGreaterThan(1);
    expect(visits.length).toBeLessThan(20);
    expect(store.puts).toBe(visits.length); // and none for the visit that measured nothing
  });

  it('measures nothing within ten minutes of the visit before, though it was cut short, unless the model is another', async () => {
    let nowMs = 1e12;
    const store = { ...memoryStore(), now: () => nowMs, budgetMs: 150 };
    const come = async (of = model) => {
      const clock = new ManualClock();
      return visit(await openTimedGpu(clock, msOf), clock, { store }, { of });
    };
    expect((await come()).ms).toBeGreaterThan(0);
    nowMs += 300_000;
    expect((await come()).dispatches).toBe(0);
    expect((await come(presets.micro)).dispatches).toBeGreaterThan(0);
    nowMs += 700_000;
    expect((await come()).dispatches).toBeGreaterThan(0);
  });

  it('takes what was kept by these kernels on this device alone, and keeps one record of an adapter', async () => {
    const clock = new ManualClock();
    const store = memoryStore();
    const choices = { 'matmul-nn/64x64x64': 'tile8', 'matmul-nt/64x192x64': 'tomorrow' };
    const recall = async (record: unknown, features: readonly string[] = []) => {
      const timed = await openTimedGpu(clock, () => 600, features);
      await visit(timed, clock, { store: { ...store, get: () => Promise.resolve(record) } });
      return timed.gpu.choices.get('matmul-nn/64x64x64');
    };
    await visit(await openTimedGpu(clock, msOf), clock, { store });
    const [own] = [...store.kept.values()];
    expect(await recall({ ...own, choices })).toBe('tile8');
    for (const other of [
      choices,
      { ...own, version: 'of yesterday', choices },
      { version: own.version },
      7,
      null,
    ])
      expect(await recall(other)).toBeUndefined();
    expect(await recall({ ...own, choices }, ['subgroups'])).toBeUndefined();
    expect([...store.kept.keys()]).toEqual(['fake///Fake One']);
    expect(Object.values(store.kept.get('fake///Fake One')?.choices ?? {})).not.toContain('tomorrow');
  });

  it('measures what both precisions are compared by before it is chosen, and then what the chosen one runs', async () => {
    for (const chosen of ['f32', 'mixed'] as const) {
      const clock = new ManualClock();
      const timed = await openTimedGpu(clock, (work) => msOfF16(work) / 10, ['shader-f16']);
      const known: string[][] = [];
      const precision = (): Promise<Precision> => {
        known.push([...timed.gpu.choices].map((entry) => entry.join(' ')));
        return Promise.resolve(chosen);
      };
      await visit(timed, clock, {}, { work: { ...size, precision } });
      expect(known).toEqual([
        [
          'matmul-nt/64x512x64 tile8',
          'matmul-nn/64x64x512 split',
          'matmul-tn/512x64x64 tile8',
          'matmul-nt/64x512x64/f16-f16-f16 staged64',
          'matmul-nn/64x64x512/f16-f16-f16 staged64',
          'matmul-tn/512x64x64/f16-f16-f32 staged64',
        ],
      ]);
      const half = [...timed.gpu.choices.keys()].filter((key) => key.includes('f16'));
      const isMixed = chosen === 'mixed';
      expect(half.filter((key) => key.startsWith('matmul') && !key.includes('#'))).toHaveLength(
        isMixed ? 15 : 3,
      );
      expect(half.some((key) => key.startsWith('attention'))).toBe(isMixed);
    }
  });

  it('asks nothing of f16 where there is none, or where the precision is known', async () => {
    const clock = new ManualClock();
    const precision = (): Promise<Precision> => Promise.resolve('f32');
    const without = await openTimedGpu(clock, msOf);
    await visit(without, clock, {}, { work: { ...size, precision } });
    const known = await openTimedGpu(clock, msOf, ['shader-f16']);
    await visit(known, clock, {}, { work: { ...size, precision: 'f32' } });
    for (const { done } of [without, known])
      expect(done.filter(({ types }) => Object.values(types).includes('f16'))).toEqual([]);
  });

  it('goes on without what there is no memory to measure, and tells', async () => {
    const clock = new ManualClock();
    const timed = await openTimedGpu(clock, (work) => msOf(work) / 10);
    timed.memoryBytes = 300_000; // products take 384 KiB, attention 136, compression megabytes
    const told: string[] = [];
    const store = memoryStore();
    const tell = (text: string): void => void told.push(text);
    const { memoryBytes, gpu } = timed;
    await untilQuiet(clock, visit(timed, clock, { store, tell }));
    expect([...gpu.choices.keys()].map((key) => key.split('/')[0])).toEqual([
      ...['attention-backward', 'attention-forward', 'pack'],
    ]);
    expect(told).toHaveLength(2);
    for (const [index, what] of ['products', 'compression'].entries())
      expect(told[index]).toMatch(
        new RegExp(`usual ones are taken. .*no memory left for measuring ${what}: .*${memoryBytes}`),
      );
    expect(gpu.bytesAllocated).toBe(0);
    timed.memoryBytes = Infinity;
    await visit(timed, clock, { store, tell });
    expect([...gpu.choices.keys()].some((key) => key.startsWith('matmul'))).toBe(true);
  });

  it('neither takes nor keeps what it measured while the GPU refused work', async () => {
    for (const kind of ['out-of-memory', 'validation'] as const) {
      const clock = new ManualClock();
      const store = memoryStore();
      let dispatches = 0;
      const timed = await openTimedGpu(clock, () => {
        if (++dispatches === 30) timed.refuse(kind, 'no more');
        return 5;
      });
      timed.gpu.choices.set('matmul-nn/1x1x1', 'tile4');
      const told: string[] = [];
      const tell = (text: string): void => void told.push(text);
      const watched: unknown[] = [];
      timed.device.addEventListener('uncapturederror', (event) => watched.push(event));
      await untilQuiet(clock, visit(timed, clock, { store, tell }));
      expect([...timed.gpu.choices]).toEqual([['matmul-nn/1x1x1', 'tile4']]);
      expect(told).toEqual([expect.stringMatching(/usual ones are taken. .* measuring kernels: no more/)]);
      expect(store.kept.size).toBe(0);
      expect(watched).toEqual([]);
    }
  });
});

/** Lets what waits for the clock go on. */
async function untilQuiet(clock: ManualClock, work: Promise<unknown>): Promise<void> {
  let isOver = false;
  void work.finally(() => (isOver = true));
  while (!isOver) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    clock.advance(100);
  }
  await work;
}
