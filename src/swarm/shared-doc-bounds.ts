import type { Clock } from '../base/clock.ts';
import { maxPresences } from './announcements.ts';

/**
 * How much strangers may make a shared document hold, and how often we answer them. Awareness: y-webrtc sends a newcomer
 * all states in one message, so their number times their size stays below what one message may be.
 */
export const maxAwarenessStates = maxPresences;
/** UTF-8 bytes of one encoded state. */
export const maxAwarenessStateBytes = 512;
/** Clocks go up by one a change and at least every 15 s; a stranger who names a clock near the end would silence its owner. */
export const maxAwarenessClock = 2 ** 31;
/** Clients of whom only a clock is kept, for they have gone. */
export const maxAwarenessMemory = 2048;

/** Counts something refused, by its reason. */
export type CountRejection = (reason: string) => void;

/** So many times at once, and once more every `everyMs`. */
export class Allowance {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #everyMs: number;
  #left: number;
  #at: number;

  constructor(clock: Clock, burst: number, everyMs: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#everyMs = everyMs;
    this.#left = burst;
    this.#at = clock.now();
  }

  /** Takes `amount` if that much is left. */
  take(amount = 1): boolean {
    const now = this.#clock.now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) / this.#everyMs);
    this.#at = now;
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }
  /** What was taken and not needed. */
  giveBack(amount = 1): void {
    this.#left = Math.min(this.#burst, this.#left + amount);
  }
}
