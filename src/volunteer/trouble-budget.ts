import type { Clock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';

/** So often may a GPU be set up again within `windowMs`. */
const allowed = 3;
const windowMs = 5 * 60_000;

/** Counts how often the GPU failed, and ends it where that is no accident any more. */
export class TroubleBudget {
  readonly #clock: Clock;
  #recent: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws StarlingError `gpu-keeps-failing` for the fourth trouble within five minutes. */
  spend({ message }: StarlingError): void {
    const now = this.#clock.now();
    this.#recent = [...this.#recent.filter((atMs) => now - atMs < windowMs), now];
    if (this.#recent.length <= allowed) return;
    throw new StarlingError(
      'gpu-keeps-failing',
      `The GPU failed ${this.#recent.length} times within ${windowMs / 60_000} minutes. The last time: ${message}`,
      'Close other programs and tabs that use the GPU and update the graphics driver, then join again; or join from another machine.',
    );
  }
}
