import type { Clock } from '../base/clock.ts';
import { invariant } from '../base/invariant.ts';

/** Rest that was had without being asked for, as while waiting for others, counts up to this much. */
const mostCreditMs = 2_000;
/** Shorter rests are saved up: timers are not that fine. */
const shortestRestMs = 4;
/** What is measured is of this long, in two halves so that old halves can be dropped. */
const windowMs = 10_000;

interface Span {
  readonly atMs: number;
  readonly busyMs: number;
}

/**
 * Keeps the GPU's busy time to a share of the wall's, by resting between submits: `rest` is awaited wherever work may stop for a
 * while. `busyMs` tells how long the GPU has been busy in all, up to now.
 */
export class DutyCycle {
  readonly #clock: Clock;
  readonly #busyMs: () => number;
  #share = 1;
  /** From when rest is owed for what was done. */
  #since: Span;
  #halves: readonly [older: Span, newer: Span];
  #endRest: () => void = () => undefined;

  constructor(clock: Clock, busyMs: () => number) {
    this.#clock = clock;
    this.#busyMs = busyMs;
    this.#since = this.#now();
    this.#halves = [this.#since, this.#since];
  }

  /** The share asked for, in (0, 1]. */
  get share(): number {
    return this.#share;
  }

  /** Counts anew from now, and ends a rest. Throws for what is no share. */
  set share(share: number) {
    invariant(isShare(share), 'a share above 0 and up to 1');
    this.#share = share;
    this.#since = this.#now();
    this.#halves = [this.#since, this.#since];
    this.#endRest();
  }

  /** Busy time over wall time of the last 5 to 10 seconds; undefined in the first moments. */
  get measured(): number | undefined {
    const now = this.#turn();
    const [{ atMs, busyMs }] = this.#halves;
    const wall = now.atMs - atMs;
    return wall < windowMs / 10 ? undefined : Math.min(1, (now.busyMs - busyMs) / wall);
  }

  /** How long the GPU is to rest now, in ms, for what it did since the share was set. */
  get owedMs(): number {
    if (this.#share === 1) return 0;
    const now = this.#now();
    const owed = (now.busyMs - this.#since.busyMs) / this.#share - (now.atMs - this.#since.atMs);
    if (owed < -mostCreditMs) this.#since = { ...now, atMs: now.atMs - mostCreditMs };
    return Math.max(0, owed);
  }

  /** Waits as long as rest is owed; at once where none is. */
  async rest(): Promise<void> {
    this.#turn();
    const owed = this.owedMs;
    if (owed < shortestRestMs) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(owed, resolve);
      this.#endRest = () => {
        cancel();
        resolve();
      };
    });
  }

  #now(): Span {
    return { atMs: this.#clock.now(), busyMs: this.#busyMs() };
  }

  #turn(): Span {
    const now = this.#now();
    const [, newer] = this.#halves;
    if (now.atMs - newer.atMs >= windowMs / 2) this.#halves = [newer, now];
    return now;
  }
}

/** Whether anything, from a message or a command line, is a share of a GPU. */
export const isShare = (value: unknown): value is number =>
  typeof value === 'number' && value > 0 && value <= 1;
