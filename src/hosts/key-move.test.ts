import { describe, expect, test } from 'vitest';
import type { PeerId, RunId } from '../base/ids.ts';
import { createIdentity } from '../swarm/identity.ts';
import { openIdentity, type IdentityHost } from './identity-store.ts';
import { TabKeys } from './key-move-desk.ts';
import type { KeyMoveStore } from './key-move-store.ts';
import { Names } from './names.ts';

const password = 'whale song 27';
const run = 'ab'.repeat(32) as RunId;
const otherRun = 'cd'.repeat(32) as RunId;

/** One browser: what it keeps, and the locks its tabs hold. */
class Browser {
  readonly keys = new Map<number, unknown>();
  readonly signed = new Map<string, Map<RunId, unknown>>();
  readonly away = new Map<PeerId, unknown>();
  readonly #held = new Set<string>();
  readonly #text = new Map<string, string>();
  readonly names = new Names({
    recall: (name) => this.#text.get(name),
    keep: (name, text) => void this.#text.set(name, text),
  });

  /** Web Locks as far as they are needed here: slots are asked for if available, moves come one at a time. */
  async request<T>(name: string, _options: LockOptions, use: LockGrantedCallback<T>): Promise<Awaited<T>> {
    if (this.#held.has(name)) return await use(null);
    this.#held.add(name);
    try {
      return await use({ name, mode: 'exclusive' });
    } finally {
      this.#held.delete(name);
    }
  }

  get host(): IdentityHost {
    let slot: number | undefined;
    return {
      locks: this as unknown as LockManager,
      openKeys: () =>
        Promise.resolve({
          get: (at: number) => Promise.resolve(this.keys.get(at)),
          put: (at: number, keys: CryptoKeyPair) => Promise.resolve(void this.keys.set(at, keys)),
          close: () => undefined,
        }),
      recall: () => slot,
      remember: (taken) => {
        slot = taken;
      },
      patience: () => AbortSignal.abort(),
    };
  }

  get store(): KeyMoveStore {
    return {
      keys: () => Promise.resolve(this.keys),
      signed: (id) => Promise.resolve(this.signed.get(id) ?? new Map<RunId, unknown>()),
      away: () => Promise.resolve(this.away),
      write: ({ keys, signed, away }) => {
        if (signed !== undefined)
          this.signed.set(signed.id, new Map([...(this.signed.get(signed.id) ?? []), ...signed.logs]));
        put(this.keys, keys);
        put(this.away, away);
        return Promise.resolve();
      },
      close: () => undefined,
    };
  }

  tab(isInRun = (): boolean => false) {
    const changed = { times: 0 };
    const keys = new TabKeys({
      ...{ names: this.names, isInRun, changed: () => void changed.times++ },
      ...{ identities: this.host, openStore: () => Promise.resolve(this.store) },
    });
    return { keys, changed };
  }
}

function put<K>(into: Map<K, unknown>, entries: ReadonlyMap<K, unknown> | undefined): void {
  for (const [key, value] of entries ?? []) {
    if (value === undefined) into.delete(key);
    else into.set(key, value);
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const asFile = (text: string) => new Blob([text]);
const log = (contribution: number, opened = 1) => ({
  ...{ contribution, confirm: contribution - 1, record: -1, lock: contribution - 2, opened },
});

/** A browser with a tab whose key can move. */
async function atHome() {
  const browser = new Browser();
  const { keys } = browser.tab();
  const id = (await keys.makeMovable(password)).here!.id;
  return { browser, keys, id };
}

describe('a key moves', () => {
  test('from one browser to another, with its name and what it signed; the first is another volunteer', async () => {
    const { browser: home, keys, id } = await atHome();
    expect((await keys.open()).identity.id).toBe(id);
    home.names.choose(id, 'Ada');
    home.signed.set(id, new Map([[otherRun, log(7, 2)] as const, [run, log(41, 1)] as const]));
    const saved = await keys.takeAway(password);
    expect(saved.fileName).toBe('starling-key-ada.json');
    expect([...home.keys]).toEqual([]);
    expect((await keys.open()).identity.id).not.toBe(id);

    const there = new Browser();
    const { keys: other, changed } = there.tab();
    const { here } = await other.bringIn(asFile(saved.text), password);
    expect(here).toEqual({ id, name: 'Ada', canMove: true });
    expect(changed.times).toBe(1);
    expect((await other.open()).identity.id).toBe(id);
    expect([...there.signed.get(id)!]).toEqual([
      [run, log(41, 1)],
      [otherRun, log(7, 2)],
    ]);
    expect((await other.open()).identity.keys.privateKey.extractable).toBe(false);
  });

  test('and on from there with the same password, and home again', async () => {
    const { browser: home, keys, id } = await atHome();
    const first = await keys.takeAway(password);
    const there = new Browser();
    const { keys: other } = there.tab();
    await other.bringIn(asFile(first.text), password);
    there.signed.set(id, new Map([[run, log(90)]]));
    const second = await other.takeAway(password);
    home.signed.set(id, new Map([[run, log(41)] as const, [otherRun, log(3, 9)] as const]));
    expect((await keys.bringIn(asFile(second.text), password)).here?.id).toBe(id);
    // What it signed elsewhere and what it signed here: the later of both, and no opening before this one can claim.
    expect(home.signed.get(id)!.get(run)).toEqual(log(90, 10));
    expect(home.signed.get(id)!.get(otherRun)).toEqual(log(3, 9));
    await keys.takeAway(password);
    await expect(keys.bringIn(asFile(first.text), password)).rejects.toMatchObject({
      code: 'key-file-older',
    });
  });

  test('the file is kept until it is said to be saved, also over a reload, and brings the key back', async () => {
    const { browser, keys, id } = await atHome();
    const { text } = await keys.takeAway(password);
    keys.close();
    await settled();
    const { keys: reloaded } = browser.tab();
    expect(await reloaded.look()).toEqual({
      here: undefined,
      away: [{ id, name: undefined, atMs: expect.any(Number) as number }],
    });
    expect((await reloaded.again(id)).text).toBe(text);
    expect((await reloaded.forgetCopy(id)).away).toEqual([]);
    await expect(reloaded.again(id)).rejects.toMatchObject({ code: 'key-file-damaged' });
    browser.signed.set(id, new Map([[run, log(50)]]));
    const back = await reloaded.bringIn(asFile(text), password);
    expect([back.here?.id, back.away]).toEqual([id, []]);
    expect(browser.signed.get(id)!.get(run)).toEqual(log(50));
  });

  test('not with a wrong password, and then everything is as it was', async () => {
    const { browser, keys, id } = await atHome();
    await expect(keys.takeAway('whale song 28')).rejects.toMatchObject({ code: 'key-password' });
    expect((await keys.open()).identity.id).toBe(id);
    const { text } = await keys.takeAway(password);
    const there = new Browser();
    const { keys: other, changed } = there.tab();
    await expect(other.bringIn(asFile(text), 'whale song 28')).rejects.toMatchObject({
      code: 'key-password',
    });
    expect([there.keys.size, there.signed.size, changed.times, browser.away.size]).toEqual([0, 0, 0, 1]);
  });

  test('not while its tab is in a run', async () => {
    let isInRun = false;
    const browser = new Browser();
    const { keys } = browser.tab(() => isInRun);
    const id = (await keys.makeMovable(password)).here?.id;
    isInRun = true;
    for (const work of [
      () => keys.takeAway(password),
      () => keys.makeMovable(password),
      () => keys.bringIn(asFile('x'), password),
    ])
      await expect(work()).rejects.toMatchObject({ code: 'in-run' });
    expect((await keys.look()).here?.id).toBe(id);
  });

  test('not where it was not made to move, and the page can say so beforehand', async () => {
    const browser = new Browser();
    const { keys } = browser.tab();
    const { id } = (await keys.open()).identity;
    expect((await keys.look()).here).toEqual({ id, name: undefined, canMove: false });
    await expect(keys.takeAway(password)).rejects.toMatchObject({ code: 'key-stays' });
    expect(browser.keys.size).toBe(1);
  });

  test('not where another key lies sealed beside it', async () => {
    const { browser, keys } = await atHome();
    const other = await atHome();
    const { sealed } = other.browser.keys.get(0) as { readonly sealed: string };
    browser.keys.set(0, { ...(browser.keys.get(0) as CryptoKeyPair), sealed });
    await expect(keys.takeAway(password)).rejects.toMatchObject({ code: 'key-file-damaged' });
    expect([browser.keys.size, browser.away.size]).toEqual([1, 0]);
  });

  test('not where what it signed cannot be known', async () => {
    const { browser, keys, id } = await atHome();
    browser.signed.set(id, new Map([[run, 'scribble']]));
    await expect(keys.takeAway(password)).rejects.toMatchObject({ code: 'signing-log-unreadable' });
    expect(browser.keys.size).toBe(1);
  });
});

describe('a key that comes in', () => {
  test('takes the place of the tab; the key that was there goes to an empty one, for another tab', async () => {
    const { keys: home, id } = await atHome();
    const { text } = await home.takeAway(password);
    const there = new Browser();
    const [{ keys: first }, { keys: second }] = [there.tab(), there.tab()];
    const [old, busy] = [(await first.open()).identity.id, (await second.open()).identity.id];
    await first.bringIn(asFile(text), password);
    expect((await first.open()).identity.id).toBe(id);
    expect((await second.open()).identity.id).toBe(busy);
    const { identity, slot } = await openIdentity(there.host);
    expect([identity.id, slot]).toEqual([old, 2]);
  });

  test('is refused where another tab of this browser has it, or nothing can be kept', async () => {
    const { browser, keys, id } = await atHome();
    const kept = browser.keys.get(0);
    const { text } = await keys.takeAway(password);
    // As if a profile had been put back from a copy.
    browser.keys.set(5, kept);
    await expect(keys.bringIn(asFile(text), password)).rejects.toMatchObject({ code: 'key-here' });
    expect(browser.keys.get(0)).toBeUndefined();
    const refuses = new TabKeys({
      ...{ names: browser.names, isInRun: () => false, changed: () => undefined },
      ...{ identities: browser.host, openStore: () => Promise.reject(new Error('private browsing')) },
    });
    await expect(refuses.bringIn(asFile(text), password)).rejects.toMatchObject({ code: 'keys-not-kept' });
    expect(id).toHaveLength(32);
  });

  test('is read from a file that may be anything', async () => {
    const { keys } = new Browser().tab();
    for (const [file, code] of [
      [asFile('# Starling'), 'key-file-none'],
      [asFile('x'.repeat(70_000)), 'key-file-none'],
      [asFile('{"format":"starling-key","version":2}'), 'key-file-newer'],
      [asFile('{"format":"starling-key","version":1}'), 'key-file-damaged'],
    ] as const)
      await expect(keys.bringIn(file, password)).rejects.toMatchObject({ code });
  });
});

test('a password of seven characters seals nothing', async () => {
  const { keys } = new Browser().tab();
  await expect(keys.makeMovable('1234567')).rejects.toMatchObject({ code: 'password-short' });
});

test('whatever stands beside a key or in place of one that left, it is only shown as it is', async () => {
  const browser = new Browser();
  const { keys: pair, id } = await createIdentity();
  browser.keys.set(0, {
    ...pair,
    publicKey: pair.publicKey,
    privateKey: pair.privateKey,
    sealed: 'scribble',
  });
  browser.away.set(id, { moves: 'many', file: 7 });
  const { keys } = browser.tab();
  expect(await keys.look()).toEqual({ here: { id, name: undefined, canMove: false }, away: [] });
});
