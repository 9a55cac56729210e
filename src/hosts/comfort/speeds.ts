const kept = 5;

/** Measured speed while the tab is looked at, and while it is not. */
export class Speeds {
  readonly #seen: { front: readonly number[]; hidden: readonly number[] } = { front: [], hidden: [] };
  #circumstances = '';
  #wasHidden: boolean | undefined;

  /** A round was trained at so many tokens a second. `circumstances`: another share of the GPU is another speed. */
  saw(tokensPerSecond: number, hidden: boolean, circumstances: string): void {
    if (circumstances !== this.#circumstances) {
      this.#circumstances = circumstances;
      this.#seen.front = this.#seen.hidden = [];
    }
    // A round that began in front and ended hidden tells of neither.
    if (hidden !== this.#wasHidden) {
      this.#wasHidden = hidden;
      return;
    }
    const where = hidden ? 'hidden' : 'front';
    this.#seen[where] = [...this.#seen[where], tokensPerSecond].slice(-kept);
  }

  /** Medians of the newest rounds; undefined where there was none. */
  get now(): { readonly front: number | undefined; readonly hidden: number | undefined } {
    return { front: median(this.#seen.front), hidden: median(this.#seen.hidden) };
  }
}

const median = (values: readonly number[]): number | undefined =>
  values.toSorted((a, b) => a - b)[values.length >> 1];
