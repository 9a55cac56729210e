import type { Clock } from '../base/clock.ts';

const shortestGapMs = 250;

/** Says "look again" at most once in a while, and always once after the last change: a page needs no more. */
export class ChangeRelay {
  readonly #clock: Clock;
  readonly #look: () => void;
  readonly #gapMs: () => number;
  #lastLook = -Infinity;
  #waiting = false;

  /** `gapMs`: from one look to the next, ms; asked with the first change after a look. */
  constructor(clock: Clock, look: () => void, gapMs: () => number = () => shortestGapMs) {
    this.#clock = clock;
    this.#look = look;
    this.#gapMs = gapMs;
  }

  changed(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#clock.after(Math.max(0, this.#lastLook + this.#gapMs() - this.#clock.now()), () => {
      this.#waiting = false;
      this.#lastLook = this.#clock.now();
      this.#look();
    });
  }
}
