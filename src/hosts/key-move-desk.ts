import type { PeerId } from '../base/ids.ts';
import { maxKeyFileCharacters } from '../swarm/key-file.ts';
import type { KeyDesk, KeySaved, KeyView } from '../volunteer/key-desk.ts';
import {
  browserIdentityHost,
  openIdentity,
  takeSlot,
  type IdentityHost,
  type OpenIdentity,
  type TakenSlot,
} from './identity-store.ts';
import { inRun, keysNotKept, noKeyFile } from './key-move-errors.ts';
import { openKeyMoveStore } from './key-move-store.ts';
import { KeyMove, type KeyMoveHost } from './key-move.ts';

export interface TabKeysOptions {
  readonly names: KeyMoveHost['names'];
  /** Whether the key of this tab signs, or is about to. */
  readonly isInRun: () => boolean;
  /** The key of this tab is another one, or none. */
  readonly changed: () => void;
  readonly identities?: IdentityHost;
  readonly openStore?: KeyMoveHost['open'];
}

/** The key of a tab and its place: opened when first needed, held until the tab closes, moved only while it signs nothing. */
export class TabKeys implements KeyDesk {
  readonly #options: TabKeysOptions;
  readonly #identities: IdentityHost;
  readonly #mover: KeyMove;
  #place: TakenSlot | undefined;
  #opened: Promise<OpenIdentity> | undefined;
  /** The work on keys that goes on, one after another. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: TabKeysOptions) {
    this.#options = options;
    this.#identities = options.identities ?? browserIdentityHost;
    this.#mover = new KeyMove({
      locks: this.#identities.locks,
      open: options.openStore ?? openKeyMoveStore,
      names: options.names,
      nowMs: () => Date.now(),
    });
  }

  /** The key to sign with; made where there is none. Call it only while `isInRun` says so. Rejects as `openIdentity`. */
  async open(): Promise<OpenIdentity> {
    await this.#work;
    this.#opened ??= openIdentity(this.#identities, this.#place);
    return this.#opened.catch((thrown: unknown) => {
      this.#opened = this.#place = undefined;
      throw thrown;
    });
  }

  /** The tab closes: others may have the key. */
  close(): void {
    this.#place?.release();
    this.#opened?.then(
      ({ release }) => release(),
      () => undefined, // whoever asked for it was told
    );
  }

  look(): Promise<KeyView> {
    return this.#at((slot) => this.#mover.look(slot));
  }

  makeMovable(password: string): Promise<KeyView> {
    return this.#moved((slot) => this.#mover.makeMovable(slot, password));
  }

  takeAway(password: string): Promise<KeySaved> {
    return this.#moved((slot) => this.#mover.takeAway(slot, password));
  }

  again(id: PeerId): Promise<KeySaved> {
    return this.#at(() => this.#mover.again(id));
  }

  forgetCopy(id: PeerId): Promise<KeyView> {
    return this.#at((slot) => this.#mover.forgetCopy(slot, id));
  }

  async bringIn(file: Blob, password: string): Promise<KeyView> {
    // A character takes a byte in a file of ours.
    if (file.size > maxKeyFileCharacters) throw noKeyFile();
    const text = await file.text().catch(() => {
      throw noKeyFile();
    });
    return this.#moved((slot) => this.#mover.bringIn(slot, text, password));
  }

  #moved<T>(work: (slot: number) => Promise<T>): Promise<T> {
    return this.#at(async (slot) => {
      if (this.#options.isInRun()) throw inRun();
      // What was opened may not be what is there any more.
      this.#opened = undefined;
      const done = await work(slot);
      this.#options.changed();
      return done;
    });
  }

  /** One after another, with this tab's slot. */
  #at<T>(work: (slot: number) => Promise<T>): Promise<T> {
    const done = this.#work.then(async () => work(await this.#slot()));
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #slot(): Promise<number> {
    const opened = await this.#opened?.catch(() => undefined);
    if (opened !== undefined) {
      if (opened.slot === undefined) throw keysNotKept(undefined);
      this.#place = { slot: opened.slot, release: opened.release };
    }
    if (this.#place === undefined) {
      this.#place = await takeSlot(this.#identities).catch((thrown: unknown) => {
        throw keysNotKept(thrown);
      });
      this.#identities.remember(this.#place.slot);
    }
    return this.#place.slot;
  }
}
