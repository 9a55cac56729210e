import type { PeerId, RunId } from '../base/ids.ts';
import { openIdentityDatabase } from './identity-database.ts';

/** What a browser keeps of keys, as far as it takes to move one. Whatever is read may be anything. */
export interface KeyMoveStore {
  /** By slot. */
  keys(): Promise<ReadonlyMap<number, unknown>>;
  /** What a key signed, by run. */
  signed(id: PeerId): Promise<ReadonlyMap<RunId, unknown>>;
  /** What was left where keys were taken away. */
  away(): Promise<ReadonlyMap<PeerId, unknown>>;
  /** All of it or nothing, durable when it resolves. */
  write(change: KeyChange): Promise<void>;
  close(): void;
}

/** What is to be kept; undefined: nothing any more. */
export interface KeyChange {
  readonly keys?: ReadonlyMap<number, unknown>;
  readonly signed?: { readonly id: PeerId; readonly logs: ReadonlyMap<RunId, unknown> };
  readonly away?: ReadonlyMap<PeerId, unknown>;
}

/** In IndexedDB. Rejects where that is missing or refuses. */
export async function openKeyMoveStore(): Promise<KeyMoveStore> {
  const database = await openIdentityDatabase();
  return {
    async keys() {
      const reading = database.transaction('keys').store;
      return paired(await Promise.all([reading.getAllKeys(), reading.getAll()]));
    },
    async signed(id) {
      const reading = database.transaction('signed').store;
      const all = IDBKeyRange.bound([id], [id, []]);
      const [keys, values] = await Promise.all([reading.getAllKeys(all), reading.getAll(all)]);
      return paired([keys.map(([, run]) => run), values]);
    },
    async away() {
      const reading = database.transaction('away').store;
      return paired(await Promise.all([reading.getAllKeys(), reading.getAll()]));
    },
    async write({ keys, signed, away }) {
      const writing = database.transaction(['keys', 'signed', 'away'], 'readwrite', { durability: 'strict' });
      const done: Promise<unknown>[] = [writing.done];
      // What was signed comes first: no key without its log, in whatever order a browser writes.
      const logs = writing.objectStore('signed');
      if (signed !== undefined)
        for (const [run, log] of signed.logs) done.push(logs.put(log, [signed.id, run]));
      const slots = writing.objectStore('keys');
      for (const [slot, key] of keys ?? [])
        done.push(key === undefined ? slots.delete(slot) : slots.put(key, slot));
      const left = writing.objectStore('away');
      for (const [id, one] of away ?? []) done.push(one === undefined ? left.delete(id) : left.put(one, id));
      await Promise.all(done);
    },
    close: () => database.close(),
  };
}

const paired = <K>([keys, values]: readonly [readonly K[], readonly unknown[]]): ReadonlyMap<K, unknown> =>
  new Map(keys.map((key, at) => [key, values[at]]));
