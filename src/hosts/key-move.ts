import { StarlingError } from '../base/errors.ts';
import { friendlyName } from '../base/friendly-name.ts';
import type { PeerId } from '../base/ids.ts';
import { drawKeyMaterial, identityFromMaterial } from '../swarm/identity.ts';
import { openKeyFile, sealKeyFile, type KeyContents } from '../swarm/key-file.ts';
import { minPasswordCharacters, type KeySaved, type KeyView } from '../volunteer/key-desk.ts';
import { hold, slots, type IdentityHost } from './identity-store.ts';
import {
  damagedFile,
  keyHere,
  keysNotKept,
  keyStays,
  noRoom,
  olderFile,
  whyNotOpened,
} from './key-move-errors.ts';
import {
  heldIn,
  heldKeys,
  mergedLogs,
  readAway,
  sealedKey,
  signedBy,
  type Away,
  type Held,
  type StoredKey,
} from './key-move-kept.ts';
import type { KeyChange, KeyMoveStore } from './key-move-store.ts';
import type { Names } from './names.ts';

/** What moving keys needs of a browser. */
export interface KeyMoveHost {
  readonly locks: IdentityHost['locks'];
  open(): Promise<KeyMoveStore>;
  readonly names: Pick<Names, 'of' | 'choose'>;
  /** Since 1970. */
  nowMs(): number;
}

/**
 * Takes keys out of this browser and brings them in. A key is in one browser at a time: two that sign with one key look like one
 * liar. `slot` is always one that this tab holds, and that signs nothing meanwhile. Everything rejects with a StarlingError.
 */
export class KeyMove {
  readonly #host: KeyMoveHost;

  constructor(host: KeyMoveHost) {
    this.#host = host;
  }

  look(slot: number): Promise<KeyView> {
    return this.#alone((store) => this.#view(store, slot));
  }

  /** A new key in the slot, sealed under the password; what the slot had goes to an empty one. */
  async makeMovable(slot: number, password: string): Promise<KeyView> {
    mustBeLong(password);
    const material = await drawKeyMaterial();
    return this.#alone(async (store) => {
      const identity = await identityFromMaterial(material);
      if (!identity.ok) throw damagedFile();
      const key = await sealedKey(identity.value, material, 0, password);
      await this.#into(slot, key, store, await heldKeys(store), {});
      return this.#view(store, slot);
    }).finally(() => material.pkcs8.fill(0));
  }

  /** The slot is empty afterwards. */
  takeAway(slot: number, password: string): Promise<KeySaved> {
    return this.#alone(async (store) => {
      const held = await heldIn((await store.keys()).get(slot));
      if (held?.sealed === undefined) throw keyStays();
      const { id } = held.identity;
      const opened = await openKeyFile(held.sealed, password);
      if (!opened.ok) throw whyNotOpened(opened.reason);
      const inside = await identityFromMaterial(opened.value);
      if (!inside.ok || inside.value.id !== id) throw damagedFile();
      const [name, moves] = [this.#host.names.of(id), opened.value.moves + 1];
      const what: KeyContents = { ...opened.value, name, moves, signed: await signedBy(store, id) };
      const file = await sealKeyFile(what, password).finally(() => what.pkcs8.fill(0));
      const left: Away = { moves, atMs: this.#host.nowMs(), file, ...(name === undefined ? {} : { name }) };
      await store.write({ keys: new Map([[slot, undefined]]), away: new Map([[id, left]]) });
      return { fileName: fileNameOf(id, name), text: file };
    });
  }

  again(id: PeerId): Promise<KeySaved> {
    return this.#alone(async (store) => {
      const left = readAway((await store.away()).get(id));
      if (left?.file === undefined) throw damagedFile();
      return { fileName: fileNameOf(id, left.name), text: left.file };
    });
  }

  forgetCopy(slot: number, id: PeerId): Promise<KeyView> {
    return this.#alone(async (store) => {
      const left = readAway((await store.away()).get(id));
      if (left !== undefined) {
        const { moves, atMs } = left;
        await store.write({ away: new Map([[id, { moves, atMs }]]) });
      }
      return this.#view(store, slot);
    });
  }

  /** The key of a file into the slot, with what it signed; what the slot had goes to an empty one. */
  async bringIn(slot: number, text: string, password: string): Promise<KeyView> {
    const opened = await openKeyFile(text, password);
    if (!opened.ok) throw whyNotOpened(opened.reason);
    const contents = opened.value;
    return this.#alone(async (store) => {
      const read = await identityFromMaterial(contents);
      if (!read.ok) throw damagedFile();
      const { id } = read.value;
      const keys = await heldKeys(store);
      if ([...keys.values()].some(({ identity }) => identity.id === id)) throw keyHere();
      if ((readAway((await store.away()).get(id))?.moves ?? 0) > contents.moves) throw olderFile();
      const key = await sealedKey(read.value, contents, contents.moves, password);
      const logs = await mergedLogs(store, id, contents.signed);
      await this.#into(slot, key, store, keys, { signed: { id, logs }, away: new Map([[id, undefined]]) });
      this.#host.names.choose(id, contents.name);
      return this.#view(store, slot);
    }).finally(() => contents.pkcs8.fill(0));
  }

  /** No other tab moves keys meanwhile. */
  async #alone<T>(work: (store: KeyMoveStore) => Promise<T>): Promise<T> {
    const { locks, open } = this.#host;
    if (locks === undefined) throw keysNotKept(undefined);
    const done = async (): Promise<T> => {
      const store = await open().catch((thrown: unknown) => {
        throw keysNotKept(thrown);
      });
      try {
        return await work(store);
      } catch (thrown) {
        throw thrown instanceof StarlingError ? thrown : keysNotKept(thrown);
      } finally {
        store.close();
      }
    };
    return new Promise((resolve, reject) => {
      locks.request('starling/key-move', {}, () => done().then(resolve, reject)).catch(reject);
    });
  }

  async #view(store: KeyMoveStore, slot: number): Promise<KeyView> {
    const held = await heldIn((await store.keys()).get(slot));
    const away = [...(await store.away())].flatMap(([id, value]) => {
      const left = readAway(value);
      return left?.file === undefined ? [] : [{ id, name: left.name, atMs: left.atMs }];
    });
    if (held === undefined) return { here: undefined, away };
    const { id } = held.identity;
    return { here: { id, name: this.#host.names.of(id), canMove: held.sealed !== undefined }, away };
  }

  /** Writes a key into the slot; the one that is there goes to a slot that has none and that no tab holds. */
  async #into(
    slot: number,
    key: StoredKey,
    store: KeyMoveStore,
    keys: ReadonlyMap<number, Held>,
    change: Omit<KeyChange, 'keys'>,
  ): Promise<void> {
    const { locks } = this.#host;
    if (!keys.has(slot) || locks === undefined) {
      await store.write({ ...change, keys: new Map([[slot, key]]) });
      return;
    }
    const moved = (await store.keys()).get(slot);
    for (let other = 0; other < slots; other++) {
      if (other === slot || keys.has(other)) continue;
      const release = await hold(locks, other, { ifAvailable: true });
      if (release === undefined) continue;
      try {
        const places = new Map<number, unknown>([
          [slot, key],
          [other, moved],
        ]);
        await store.write({ ...change, keys: places });
        return;
      } finally {
        release();
      }
    }
    throw noRoom();
  }
}

function fileNameOf(id: PeerId, name: string | undefined): string {
  const spelled = (name ?? friendlyName(id)).toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return `starling-key-${spelled.replace(/^-+|-+$/g, '') || id.slice(0, 8)}.json`;
}

function mustBeLong(password: string): void {
  if ([...password].length >= minPasswordCharacters) return;
  throw new StarlingError(
    'password-short',
    'This password is too short.',
    `Use at least ${minPasswordCharacters} characters.`,
  );
}
