import { describeError, StarlingError } from '../base/errors.ts';
import type { PeerId, RunId } from '../base/ids.ts';
import { createSigningLog, nothingSigned, readSignedRounds, type SigningLog } from '../swarm/signing-log.ts';
import { openIdentityDatabase, type IdentityDatabase } from './identity-database.ts';

/** Runs of which a key's log is kept; the one opened longest ago goes first. */
const keptRuns = 32;

/** Flushed to the disk before `complete`: a crash of the machine must not forget a signature that left. */
const durability = 'strict';

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** Counts the openings of all logs of a key: 0 where there is none. */
export const openedOf = (value: unknown): number => {
  const opened = typeof value === 'object' && value !== null && 'opened' in value ? value.opened : 0;
  return isCount(opened) ? opened : 0;
};

const failed = (thrown: unknown): StarlingError =>
  thrown instanceof StarlingError
    ? thrown
    : new StarlingError(
        'signing-log-failed',
        `What this volunteer signs could not be stored, so it signs nothing: ${describeError(thrown)}`,
        'Make room on the disk, then reload the page and join again.',
        { cause: thrown },
      );

/**
 * The durable log of what `peer`'s key has signed in `run`, in IndexedDB: one put a claim. Works in pages and workers.
 * Whoever opens it last is the only one that can claim: a claim of an earlier opening, by a worker that is about to end,
 * rejects with `signing-log-taken`. Rejects with StarlingError `signing-log-failed`, or `signing-log-unreadable` where it
 * cannot be known what was signed.
 */
export async function openSigningLog(peer: PeerId, run: RunId): Promise<SigningLog> {
  try {
    const database = await openIdentityDatabase();
    return await takeLog(database, peer, run);
  } catch (thrown) {
    throw failed(thrown);
  }
}

async function takeLog(database: IdentityDatabase, peer: PeerId, run: RunId): Promise<SigningLog> {
  const key: [PeerId, RunId] = [peer, run];
  const taking = database.transaction('signed', 'readwrite', { durability });
  const ofPeer = IDBKeyRange.bound([peer], [peer, []]);
  const [keys, values] = await Promise.all([taking.store.getAllKeys(ofPeer), taking.store.getAll(ofPeer)]);
  const kept = keys.map((at, index) => ({ at, value: values[index] }));
  const own = kept.find(({ at }) => at[1] === run);
  const read = own === undefined ? { ok: true as const, value: nothingSigned } : readSignedRounds(own.value);
  if (!read.ok) {
    throw new StarlingError(
      'signing-log-unreadable',
      'The record of what this volunteer signed in this run is damaged, so it cannot sign in it any more.',
      "Clear this site's data in the browser's settings, then join again: as a new volunteer.",
    );
  }
  const opened = 1 + Math.max(0, ...values.map(openedOf));
  const others = kept.filter(({ at }) => at[1] !== run);
  others.sort((a, b) => openedOf(b.value) - openedOf(a.value));
  await Promise.all([
    taking.store.put({ ...read.value, opened }, key),
    ...others.slice(keptRuns - 1).map(({ at }) => taking.store.delete(at)),
    taking.done,
  ]);
  return createSigningLog(read.value, async (signed) => {
    try {
      const claiming = database.transaction('signed', 'readwrite', { durability });
      if (openedOf(await claiming.store.get(key)) !== opened) {
        await claiming.done;
        throw new StarlingError(
          'signing-log-taken',
          'This volunteer was started again, and only the newer one signs.',
          'Reload the page and join again.',
        );
      }
      await Promise.all([claiming.store.put({ ...signed, opened }, key), claiming.done]);
    } catch (thrown) {
      throw failed(thrown);
    }
  });
}
