import type { Clock } from '../base/clock.ts';

const shortestGapMs = 250;

/** Says "look again" at most four times a second, and always once after the last change: a page needs no more. */
export class ChangeRelay {
  readonly #clock: Clock;
  readonly #look: () => void;
  #lastLook = -Infinity;
  #waiting = false;

  constructor(clock: Clock, look: () => void) {
    this.#clock = clock;
    this.#look = look;
  }

  changed(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#clock.after(Math.max(0, this.#lastLook + shortestGapMs - this.#clock.now()), () => {
      this.#waiting = false;
      this.#lastLook = this.#clock.now();
      this.#look();
    });
  }
}
