import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { copyBytes } from '../base/bytes.ts';
import { isDigest } from '../base/ids.ts';
import { readShelvedText, textsToDrop, type TextShelf } from './own-text-shelf.ts';

/** What this browser keeps of runs takes at most this much: three of the longest texts, and weights of `micro`. */
const mostBytes = 160 << 20;

interface TextSchema extends DBSchema {
  /** Bytes and time of use by corpus id. Anything may be in it: who reads checks. */
  texts: { key: string; value: unknown };
  /** Bytes by corpus id and digest. */
  blobs: { key: [string, string]; value: unknown };
}

/** The name of the database, for whoever deletes all that this browser keeps. */
export const textDatabase = 'starling-text';

const ofCorpus = (corpus: string): IDBKeyRange => IDBKeyRange.bound([corpus], [corpus, []]);

/**
 * Texts of runs in IndexedDB: those started here, and those of runs joined, so that a reload finds them and other volunteers can be
 * given them. Bounded; the texts used longest ago go first. Works in pages and workers.
 */
export const browserTextShelf: TextShelf = {
  get: (corpus, digest) =>
    within(async (database) => {
      const value = await database.get('blobs', [corpus, digest]);
      return value instanceof Uint8Array ? copyBytes(value) : undefined;
    }),
  digests: (corpus) =>
    within(async (database) => {
      const keys = await database.getAllKeys('blobs', ofCorpus(corpus));
      return new Set(keys.flatMap(([, digest]) => (isDigest(digest) ? [digest] : [])));
    }),
  put: (corpus, blobs, inUse = []) =>
    within(async (database) => {
      const writing = database.transaction(['texts', 'blobs'], 'readwrite');
      const [texts, stored] = [writing.objectStore('texts'), writing.objectStore('blobs')];
      const known = readShelvedText(corpus, await texts.get(corpus));
      if (known === undefined && blobs.size === 0) return; // nothing of it is here to be used again
      let bytes = known?.bytes ?? 0;
      for (const [digest, blob] of blobs) {
        const before = await stored.getKey([corpus, digest]);
        await stored.put(blob, [corpus, digest]);
        if (before === undefined) bytes += blob.length;
      }
      await texts.put({ bytes, usedMs: Date.now() }, corpus);
      const [keys, values] = await Promise.all([texts.getAllKeys(), texts.getAll()]);
      const all = keys.flatMap((key, i) => readShelvedText(key, values[i]) ?? []);
      for (const dropped of textsToDrop(all, [corpus, ...inUse], mostBytes)) {
        await texts.delete(dropped);
        await stored.delete(ofCorpus(dropped));
      }
      await writing.done;
    }),
};

/** One connection for all: volunteers may ask for many blobs a second. */
let opened: Promise<IDBPDatabase<TextSchema>> | undefined;

function open(): Promise<IDBPDatabase<TextSchema>> {
  const opening: Promise<IDBPDatabase<TextSchema>> = openDB<TextSchema>(textDatabase, 1, {
    upgrade(made) {
      made.createObjectStore('texts');
      made.createObjectStore('blobs');
    },
    // Whoever deletes all that this browser keeps waits for this.
    blocking: () => {
      forget();
      void opening.then((database) => database.close());
    },
    terminated: forget,
  });
  opening.catch(forget);
  return opening;
}

function forget(): void {
  opened = undefined;
}

async function within<T>(work: (database: IDBPDatabase<TextSchema>) => Promise<T>): Promise<T> {
  opened ??= open();
  return work(await opened);
}
