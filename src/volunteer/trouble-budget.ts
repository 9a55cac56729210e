import type { Clock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';

/** So often may a GPU be set up again within `windowMs`. */
const allowed = 3;
const windowMs = 5 * 60_000;
/** Because it refuses work: once, as it is a mistake of a program, and some rounds pass before it is known. */
const refusingMs = 60 * 60_000;

/** Counts how often the GPU failed, and ends it where that is no accident any more. */
export class TroubleBudget {
  readonly #clock: Clock;
  #recent: number[] = [];
  #refusedAtMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Throws StarlingError `gpu-keeps-failing` for the fourth trouble within five minutes, and the trouble itself where it is
   * the second `gpu-refuses-work` within an hour.
   */
  spend(trouble: StarlingError): void {
    const { message, code } = trouble;
    const now = this.#clock.now();
    if (code === 'gpu-refuses-work') {
      if (now - this.#refusedAtMs < refusingMs) throw trouble;
      this.#refusedAtMs = now;
    }
    this.#recent = [...this.#recent.filter((atMs) => now - atMs < windowMs), now];
    if (this.#recent.length <= allowed) return;
    throw new StarlingError(
      'gpu-keeps-failing',
      `The GPU failed ${this.#recent.length} times within ${windowMs / 60_000} minutes. The last time: ${message}`,
      'Close other programs and tabs that use the GPU and update the graphics driver, then join again; or join from another machine.',
    );
  }
}
