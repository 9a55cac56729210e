import { describeError } from '../base/errors.ts';
import { createIdentity, readIdentity, type Identity } from '../swarm/identity.ts';
import { openIdentityDatabase } from './identity-database.ts';

/** Volunteers of one browser profile: no more tabs than this keep a key of their own. */
export const slots = 64;
const lockName = (slot: number): string => `starling/identity/${slot}`;

/** A key of this profile, held by this tab alone. */
export interface OpenIdentity {
  readonly identity: Identity;
  /** Undefined: the key is kept nowhere, and a reload makes this tab another volunteer. */
  readonly slot: number | undefined;
  /** One sentence for people, where not all went as it should. */
  readonly info: string | undefined;
  /** Lets another tab have the key. A tab that closes does so by itself. */
  release(): void;
}

/** What `openIdentity` needs of a browser. */
export interface IdentityHost {
  /** Undefined where there are no Web Locks. */
  readonly locks: Pick<LockManager, 'request'> | undefined;
  openKeys(): Promise<KeyStore>;
  /** The slot this tab had before a reload. */
  recall(): number | undefined;
  remember(slot: number): void;
  /** Gives up waiting for the slot this tab had: its page before the reload may not be gone yet. */
  patience(): AbortSignal;
}

/** Key pairs by slot. */
export interface KeyStore {
  /** Whatever is there. */
  get(slot: number): Promise<unknown>;
  /** Resolves when it is durable. */
  put(slot: number, keys: CryptoKeyPair): Promise<void>;
  close(): void;
}

/**
 * This tab's key: that of the slot it had before a reload, else of the lowest free slot; made and stored where there is none.
 * Tabs of one profile never share one (Web Locks). `place`: the slot that this tab holds already; it is let go where it is of no
 * use. Where nothing can be kept, the key lives in memory and `info` says so.
 * Rejects with StarlingError `identity-unsupported` where Web Crypto has no Ed25519.
 */
export async function openIdentity(
  host: IdentityHost = browserIdentityHost,
  place?: TakenSlot,
): Promise<OpenIdentity> {
  let taken = place;
  try {
    taken ??= await takeSlot(host);
    const { identity, info } = await keptIdentity(host, taken.slot);
    host.remember(taken.slot);
    return { identity, info, ...taken };
  } catch (thrown) {
    taken?.release();
    const info = `This browser keeps no key for this page (${describeError(thrown)}), so after a reload this tab is another volunteer.`;
    return { identity: await createIdentity(), slot: undefined, info, release: () => undefined };
  }
}

/** A slot that this tab alone holds. */
export interface TakenSlot {
  readonly slot: number;
  release(): void;
}

/** The slot that `openIdentity` would take. Rejects where there are no Web Locks, or no slot is free. */
export async function takeSlot({ locks, recall, patience }: IdentityHost): Promise<TakenSlot> {
  if (locks === undefined) throw new Error('it has no Web Locks');
  const had = recall();
  if (had !== undefined) {
    const release = await hold(locks, had, { signal: patience() });
    if (release !== undefined) return { slot: had, release };
  }
  for (let slot = 0; slot < slots; slot++) {
    const release = await hold(locks, slot, { ifAvailable: true });
    if (release !== undefined) return { slot, release };
  }
  throw new Error(`${slots} of its tabs already train`);
}

/** Resolves with the way to let go once the lock is held; undefined when another has it. */
export function hold(
  locks: Pick<LockManager, 'request'>,
  slot: number,
  options: LockOptions,
): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const until = (lock: Lock | null): Promise<void> | undefined => {
      if (lock !== null) return new Promise((release) => resolve(release));
      resolve(undefined);
      return undefined;
    };
    locks.request(lockName(slot), options, until).catch((thrown: unknown) => {
      if (options.signal?.aborted === true) resolve(undefined);
      else reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
    });
  });
}

async function keptIdentity(
  host: IdentityHost,
  slot: number,
): Promise<{ readonly identity: Identity; readonly info: string | undefined }> {
  const keys = await host.openKeys();
  try {
    const stored = await keys.get(slot);
    const found = stored === undefined ? undefined : await readIdentity(stored);
    if (found?.ok === true) return { identity: found.value, info: undefined };
    const identity = await createIdentity();
    await keys.put(slot, identity.keys);
    const info =
      found &&
      `The key this browser kept for this tab was damaged (${found.reason}) and has been replaced: you are a new volunteer.`;
    return { identity, info };
  } finally {
    keys.close();
  }
}

const slotItem = 'starling/slot';

/** The browser this page runs in. */
export const browserIdentityHost: IdentityHost = {
  get locks() {
    return (navigator as { locks?: LockManager }).locks;
  },
  async openKeys() {
    const database = await openIdentityDatabase();
    return {
      get: (slot) => database.get('keys', slot),
      async put(slot, keys) {
        const storing = database.transaction('keys', 'readwrite', { durability: 'strict' });
        await Promise.all([storing.store.put(keys, slot), storing.done]);
      },
      close: () => database.close(),
    };
  },
  recall() {
    try {
      const text = sessionStorage.getItem(slotItem) ?? '';
      return /^\d{1,2}$/.test(text) && Number(text) < slots ? Number(text) : undefined;
    } catch {
      return undefined; // storage is forbidden: any slot will do
    }
  },
  remember(slot) {
    try {
      sessionStorage.setItem(slotItem, String(slot));
    } catch {
      // storage is forbidden: after a reload the lowest free slot will do
    }
  },
  patience: () => AbortSignal.timeout(1_000),
};
