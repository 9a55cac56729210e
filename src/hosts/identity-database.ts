import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { PeerId, RunId } from '../base/ids.ts';

/** What this browser keeps of its volunteers. Anything may be in it: whoever reads checks. */
interface IdentitySchema extends DBSchema {
  /** CryptoKeyPair by slot; beside one that can move, its sealed copy: src/hosts/key-move.ts. */
  keys: { key: number; value: unknown };
  /** What each key signed in each run: src/hosts/signing-log.ts. */
  signed: { key: [PeerId, RunId]; value: unknown };
  /** Keys that were taken away from here: src/hosts/key-move.ts. */
  away: { key: PeerId; value: unknown };
}

export type IdentityDatabase = IDBPDatabase<IdentitySchema>;

/**
 * Opens the one database of keys and of what they signed: a browser that clears one clears the other, so no key outlives its
 * log. Rejects where IndexedDB is missing or refuses.
 */
export async function openIdentityDatabase(): Promise<IdentityDatabase> {
  const database = await openDB<IdentitySchema>('starling', 2, {
    upgrade(made, had) {
      if (had < 1) {
        made.createObjectStore('keys');
        made.createObjectStore('signed');
      }
      made.createObjectStore('away');
    },
    // A newer page wants to change the database: better a volunteer that can sign no more than a page that never opens.
    blocking() {
      database.close();
    },
  });
  return database;
}
