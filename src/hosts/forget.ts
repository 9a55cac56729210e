import { realClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';

/** What a browser keeps for pages of this origin; other pages may share it, so only what is ours is touched. */
export interface Forgettable {
  /** Names of all databases; undefined where the browser does not tell. */
  databases(): Promise<readonly string[] | undefined>;
  /** Rejects where it is not gone in time, as while another tab has it open. */
  deleteDatabase(name: string): Promise<void>;
  readonly stores: readonly Pick<Storage, 'length' | 'key' | 'removeItem'>[];
}

/** Everything that a page of ours ever keeps is named so. */
const isOurs = (name: string): boolean => /^starling($|[-/.:])/.test(name);

/** Databases to delete where the browser does not tell which there are. */
export const ownDatabases = ['starling', 'starling-tuning', 'starling-text'] as const;

/** Deletes keys, signing logs, measurements, wishes, names and texts. Rejects with StarlingError `not-forgotten`. */
export async function forgetEverything(kept: Forgettable): Promise<void> {
  const left: string[] = [];
  const attempt = async (what: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work();
    } catch {
      left.push(what);
    }
  };
  const databases = (await kept.databases().catch(() => undefined)) ?? ownDatabases;
  // Keys and what they signed are in one database, so neither outlives the other.
  await Promise.all(databases.filter(isOurs).map((name) => attempt(name, () => kept.deleteDatabase(name))));
  for (const store of kept.stores) {
    await attempt('settings', () => {
      const names = Array.from({ length: store.length }, (_, i) => store.key(i) ?? '');
      for (const name of names.filter(isOurs)) store.removeItem(name);
    });
  }
  if (left.length > 0) {
    throw new StarlingError(
      'not-forgotten',
      left.join(', '),
      'Close other tabs of this page, then try again; or clear this site’s data in the browser’s settings.',
    );
  }
}

/** How long another tab may hold a database. */
const patienceMs = 5_000;

/** What this browser keeps. */
export function browserKept(): Forgettable {
  return {
    async databases() {
      const list = (indexedDB as Partial<IDBFactory>).databases;
      return list === undefined
        ? undefined
        : (await list.call(indexedDB)).flatMap(({ name }) => (name === undefined ? [] : [name]));
    },
    deleteDatabase: (name) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name);
        const cancel = realClock.after(patienceMs, () => reject(new Error('held by another tab')));
        request.onsuccess = () => {
          cancel();
          resolve();
        };
        request.onerror = () => {
          cancel();
          reject(new Error('refused'));
        };
      }),
    get stores() {
      const found: Storage[] = [];
      for (const open of [() => localStorage, () => sessionStorage]) {
        try {
          found.push(open());
        } catch {
          // Turned off: nothing is there.
        }
      }
      return found;
    },
  };
}
