import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { TuningStore } from '../volunteer/tuning-record.ts';

interface TuningSchema extends DBSchema {
  /** A `Kept` by adapter. Anything may be in it: who reads checks. */
  adapters: { key: string; value: unknown };
}

/** A browser of another version may compile the same kernels to others: `agent` is its name and version. */
interface Kept {
  readonly agent: string;
  readonly record: unknown;
}

/** What was measured of this machine's GPUs, in IndexedDB. Rejects where there is none; works in pages and workers. */
export const browserTuning: TuningStore = {
  get: (adapter) =>
    within(async (database) => recordOf(await database.get('adapters', adapter), navigator.userAgent)),
  put: (adapter, record) =>
    within(async (database) => {
      const kept: Kept = { agent: navigator.userAgent, record };
      await database.put('adapters', kept, adapter);
    }),
  now: () => Date.now(),
};

/** The record of what was kept, if that was by this very browser. */
export const recordOf = (kept: unknown, agent: string): unknown =>
  isKept(kept) && kept.agent === agent ? kept.record : undefined;

const isKept = (kept: unknown): kept is Kept =>
  typeof kept === 'object' && kept !== null && 'agent' in kept && 'record' in kept;

async function within<T>(work: (database: IDBPDatabase<TuningSchema>) => Promise<T>): Promise<T> {
  // Version 1 kept what it measured without saying of which kernels.
  const database = await openDB<TuningSchema>('starling-tuning', 2, {
    upgrade(made) {
      for (const store of made.objectStoreNames) made.deleteObjectStore(store);
      made.createObjectStore('adapters');
    },
  });
  try {
    return await work(database);
  } finally {
    database.close();
  }
}
