import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { TuningStore } from '../volunteer/tuning.ts';

interface TuningSchema extends DBSchema {
  /** Variant by case, by adapter. Anything may be in it: who reads checks. */
  adapters: { key: string; value: unknown };
}

/** What was measured of this machine's GPUs, in IndexedDB. Rejects where there is none; works in pages and workers. */
export const browserTuning: TuningStore = {
  get: (adapter) => within((database) => database.get('adapters', adapter)),
  put: (adapter, choices) =>
    within(async (database) => {
      await database.put('adapters', choices, adapter);
    }),
};

async function within<T>(work: (database: IDBPDatabase<TuningSchema>) => Promise<T>): Promise<T> {
  const database = await openDB<TuningSchema>('starling-tuning', 1, {
    upgrade(made) {
      made.createObjectStore('adapters');
    },
  });
  try {
    return await work(database);
  } finally {
    database.close();
  }
}
