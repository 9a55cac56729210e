import type { Surroundings } from './surroundings.ts';

/**
 * Keeps the screen on while that is wished and the tab is looked at. Browsers take the lock back when a tab is hidden, and
 * refuse it to hidden ones: it is taken anew when the tab is looked at again.
 */
export class KeepAwake {
  readonly #take: Surroundings['keepAwake'];
  readonly #changed: () => void;
  #wished = false;
  #release: (() => void) | undefined;
  #isTaking = false;
  #isRefused = false;

  /** `changed` is called when `state` may have. */
  constructor(take: Surroundings['keepAwake'], changed: () => void) {
    this.#take = take;
    this.#changed = changed;
  }

  get state(): 'on' | 'off' | 'refused' | 'unsupported' {
    if (this.#take === undefined) return 'unsupported';
    if (this.#release !== undefined) return 'on';
    return this.#wished && this.#isRefused ? 'refused' : 'off';
  }

  /** From now on; false also when the tab is hidden. A refusal is asked about again at the next wish. */
  wish(wished: boolean): void {
    if (wished === this.#wished) return;
    this.#wished = wished;
    this.#isRefused = false;
    if (wished) void this.#hold();
    else this.#letGo();
  }

  async #hold(): Promise<void> {
    if (this.#take === undefined || this.#isTaking || this.#release !== undefined) return;
    this.#isTaking = true;
    let isLost = false;
    try {
      const release = await this.#take(() => {
        isLost = true;
        this.#release = undefined;
        // Not asked for again at once: a browser that takes it back while it is looked at has a reason.
        this.#isRefused = true;
        this.#changed();
      });
      if (!isLost) this.#release = release;
    } catch {
      this.#isRefused = true; // the battery is low, or a policy forbids it
    }
    this.#isTaking = false;
    if (!this.#wished) this.#letGo();
    this.#changed();
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }
}
