import { StarlingError } from '../base/errors.ts';
import { drawInvitation } from '../swarm/invitation.ts';
import type { RunChoice } from '../volunteer/run-choice.ts';
import type { ModelReader, TextDesk } from '../volunteer/text-choice.ts';
import type { ForgetTabs } from './forget-tabs.ts';
import { forgetEverything, type Forgettable } from './forget.ts';
import { fragmentOf } from './invited.ts';
import type { PageOptions } from './page-options.ts';
import { addressOfChoice, optionsOfChoice, readWish, withoutFragment, writeWish } from './wished-run.ts';

const item = 'starling/wish';

/** What a starter needs of the page it is on. */
export interface StarterPage {
  readonly base: URL;
  readonly options: PageOptions;
  readonly byInvitation: boolean;
  /** Starts a run in this room. Rejects with a StarlingError, also where there is one. */
  start(choice: RunChoice, options: PageOptions): Promise<void>;
  /** Measures what this GPU is good for, if that is not known. */
  measure(): Promise<void>;
  /** Ends everything that keeps something. */
  end(): Promise<void>;
  readonly kept: Forgettable;
  readonly tabs: Pick<ForgetTabs, 'ask' | 'over'>;
  /** Names the run as chosen in the address of this page. */
  show(address: URL): void;
  /** Opens an address in this tab, in place of this page. */
  go(address: URL): void;
  /** Keeps the wish for the next page of this tab; false: that is not possible. */
  keepWish(text: string): boolean;
}

/** Starts runs, here or on the page of their own address; RunStarter of src/ui/host.ts. */
export class PageStarter {
  readonly texts: TextDesk = {
    cut: async (files, tell) => (await import('./own-text-desk.ts')).browserTextDesk.cut(files, tell),
  };
  readonly models: ModelReader = {
    read: async (files) => (await import('./own-text-desk.ts')).browserModelReader.read(files),
  };
  /** What the page was opened to start, at once. */
  readonly wished: RunChoice | undefined;
  readonly #page: StarterPage;

  constructor(page: StarterPage, wished: RunChoice | undefined) {
    this.#page = page;
    this.wished = wished;
  }

  /**
   * Starts a run as chosen. Resolves when its volunteer is at work; where that is on another page, does not resolve. Rejects with a
   * StarlingError.
   */
  async startRun(choice: RunChoice): Promise<void> {
    const { base, options, byInvitation } = this.#page;
    // A run by invitation stays where its key is in the address already.
    if (choice.room === options.room && choice.open === !byInvitation) {
      await this.#page.start(choice, optionsOfChoice(options, choice));
      this.#page.show(addressOfChoice(base, choice, base.hash));
      return;
    }
    const address = addressOfChoice(base, choice, choice.open ? '' : fragmentOf(drawInvitation()));
    const wish = writeWish({ address: withoutFragment(address), atMs: Date.now(), choice });
    if (!this.#page.keepWish(wish)) {
      throw new StarlingError(
        'wish-not-kept',
        'This browser lets the page keep nothing, so the choice would be lost on the way to the new run.',
        'Allow this site to store data, or open an address with another name: ?run=any-name.',
      );
    }
    this.#page.go(address);
    await new Promise(() => undefined); // the page is left
  }

  measureGpu(): Promise<void> {
    return this.#page.measure();
  }

  /**
   * Deletes all that this browser keeps for the page, and loads it anew, in every tab. Rejects with a StarlingError naming what is
   * left.
   */
  async forget(): Promise<void> {
    const { base, kept, tabs } = this.#page;
    await Promise.all([this.#page.end(), tabs.ask()]);
    try {
      await forgetEverything(kept);
    } finally {
      tabs.over();
    }
    this.#page.go(base);
  }
}

/** The wish of the page before this one in this tab; asked for once. */
export function takeWish(base: URL): RunChoice | undefined {
  try {
    const text = sessionStorage.getItem(item);
    sessionStorage.removeItem(item);
    return readWish(text, base, Date.now());
  } catch {
    return undefined; // storage is turned off
  }
}

export function keepWish(text: string): boolean {
  try {
    sessionStorage.setItem(item, text);
    return true;
  } catch {
    return false;
  }
}

/** Opens an address in this tab, anew even where only its fragment, or nothing of it, differs. */
export function goTo(address: URL): void {
  if (withoutFragment(address) !== withoutFragment(new URL(location.href))) {
    location.assign(address);
    return;
  }
  history.replaceState(null, '', address);
  location.reload();
}

/** Changes the address that the page is shown under, and nothing else. */
export function showAddress(address: URL): void {
  history.replaceState(null, '', address);
}
