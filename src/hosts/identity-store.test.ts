import { describe, expect, test } from 'vitest';
import { openIdentity, type IdentityHost, type KeyStore } from './identity-store.ts';

/** Web Locks of one profile, with what the specification says of `ifAvailable` and `signal`. */
class FakeLocks {
  readonly held = new Set<string>();
  readonly #waiting: { name: string; grant: () => void }[] = [];

  async request<T>(name: string, options: LockOptions, use: LockGrantedCallback<T>): Promise<Awaited<T>> {
    if (this.held.has(name)) {
      if (options.ifAvailable === true) return await use(null);
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push({ name, grant: resolve });
        options.signal?.addEventListener('abort', () => reject(new Error('aborted')));
      });
    }
    this.held.add(name);
    try {
      return await use({ name, mode: 'exclusive' });
    } finally {
      this.held.delete(name);
      const next = this.#waiting.findIndex((waiting) => waiting.name === name);
      if (next >= 0) this.#waiting.splice(next, 1)[0]?.grant();
    }
  }
}

/** One browser profile; every `tab()` is a tab that remembers its slot over a reload. */
class Profile {
  readonly locks = new FakeLocks();
  readonly stored = new Map<number, unknown>();
  impatience = new AbortController();

  tab(changes: Partial<IdentityHost> = {}): IdentityHost {
    let slot: number | undefined;
    return {
      locks: this.locks as unknown as LockManager,
      openKeys: () => Promise.resolve(this.keys()),
      recall: () => slot,
      remember: (taken) => {
        slot = taken;
      },
      patience: () => this.impatience.signal,
      ...changes,
    };
  }

  keys(): KeyStore {
    return {
      get: (slot) => Promise.resolve(this.stored.get(slot)),
      put: (slot, keys) => {
        this.stored.set(slot, keys);
        return Promise.resolve();
      },
      close: () => undefined,
    };
  }
}

const ids = (opened: readonly { identity: { id: string } }[]) => opened.map(({ identity }) => identity.id);

/** Lets a released lock be let go, which takes a few microtasks. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the key of a tab', () => {
  test('three tabs of one profile hold three keys, also when they open at once', async () => {
    const profile = new Profile();
    const tabs = await Promise.all([1, 2, 3].map(() => openIdentity(profile.tab())));
    expect(tabs.map(({ slot }) => slot).sort()).toEqual([0, 1, 2]);
    expect(new Set(ids(tabs)).size).toBe(3);
    expect(tabs.map(({ info }) => info)).toEqual([undefined, undefined, undefined]);
  });

  test('a reloaded tab keeps its key, though a lower slot has become free', async () => {
    const profile = new Profile();
    const [first, second] = [profile.tab(), profile.tab()];
    const [a, b] = [await openIdentity(first), await openIdentity(second)];
    a.release();
    b.release();
    await settled();
    const again = await openIdentity(second);
    expect([again.slot, again.identity.id]).toEqual([1, b.identity.id]);
    const newcomer = await openIdentity(profile.tab());
    expect([newcomer.slot, newcomer.identity.id]).toEqual([0, a.identity.id]);
  });

  test('a reloaded tab waits for its page before the reload to go', async () => {
    const profile = new Profile();
    const tab = profile.tab();
    const before = await openIdentity(tab);
    const after = openIdentity(tab);
    await settled();
    before.release();
    expect((await after).identity.id).toBe(before.identity.id);
  });

  test('a duplicated tab, which remembers the slot of the other, gets a key of its own', async () => {
    const profile = new Profile();
    const tab = profile.tab();
    const first = await openIdentity(tab);
    const duplicate = openIdentity(tab);
    await settled();
    profile.impatience.abort();
    const second = await duplicate;
    expect([first.slot, second.slot]).toEqual([0, 1]);
    expect(second.identity.id).not.toBe(first.identity.id);
  });

  test('a damaged key is replaced, and said so once', async () => {
    const profile = new Profile();
    profile.stored.set(0, { publicKey: 'scribble' });
    const first = await openIdentity(profile.tab());
    expect(first.slot).toBe(0);
    expect(first.info).toMatch(/damaged \(key-wrong-shape\) and has been replaced/);
    first.release();
    await settled();
    const second = await openIdentity(profile.tab());
    expect(second.identity.id).toBe(first.identity.id);
    expect(second.info).toBeUndefined();
  });

  test('where nothing can be kept the key lives in memory, the page is told, and the slot is free for others', async () => {
    const profile = new Profile();
    const refuse = () => Promise.reject(new Error('private browsing'));
    const broken: readonly Partial<IdentityHost>[] = [
      { locks: undefined },
      { openKeys: refuse },
      { openKeys: () => Promise.resolve({ ...profile.keys(), get: refuse }) },
      { openKeys: () => Promise.resolve({ ...profile.keys(), put: refuse }) },
    ];
    for (const changes of broken) {
      const opened = await openIdentity(profile.tab(changes));
      expect(opened.slot).toBeUndefined();
      expect(opened.info).toMatch(/keeps no key .* after a reload this tab is another volunteer/);
      await settled();
      expect(profile.locks.held.size).toBe(0);
      opened.release();
    }
    expect(profile.stored.size).toBe(0);
  });
});
