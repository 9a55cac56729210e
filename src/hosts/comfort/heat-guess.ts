/** Newest steps whose median is compared. */
const recent = 8;
/** More time than this between two steps: it did something else, and what was before says nothing of now. */
const gapMs = 60_000;

/**
 * Guesses from the time of steps whether a GPU has become slow: no browser tells how hot it is. Compared are medians of eight
 * steps with the best median under the same circumstances, so that neither a stall nor a lucky step counts.
 */
export class HeatGuess {
  #circumstances = '';
  #times: number[] = [];
  #best: number | undefined;
  #seenMs = -Infinity;

  /**
   * A step took `stepMs` of the GPU. `circumstances`: all that makes steps slower or faster by itself, as the share that is
   * asked for (a GPU that rests clocks down); where it changes, all begins anew.
   */
  saw(stepMs: number, circumstances: string, nowMs: number): void {
    if (circumstances !== this.#circumstances) {
      this.#circumstances = circumstances;
      this.anew();
    }
    if (nowMs - this.#seenMs > gapMs) this.#times = [];
    this.#seenMs = nowMs;
    this.#times = [...this.#times.slice(1 - recent), stepMs];
    const now = this.#median;
    if (now !== undefined) this.#best = Math.min(this.#best ?? Infinity, now);
  }

  /** Another volunteer takes steps from now on: what was its best says nothing of this one's. */
  anew(): void {
    this.#times = [];
    this.#best = undefined;
  }

  /** It rests: only new steps tell how it is after. */
  rested(): void {
    this.#times = [];
  }

  /** How many times as long a step takes now as at its best; undefined while too few were seen. */
  get drift(): number | undefined {
    const now = this.#median;
    return now === undefined || this.#best === undefined ? undefined : now / this.#best;
  }

  get #median(): number | undefined {
    if (this.#times.length < recent) return undefined;
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[recent >> 1];
  }
}
