import type { Clock } from '../base/clock.ts';
import { invariant } from '../base/invariant.ts';

/** Rest that was had without being asked for, as while waiting for others, counts up to this much. */
const mostCreditMs = 2_000;
/**
 * So much busy time is rested for at once, or twice that of the work between the two rests before where this is more: what a
 * micro-batch owes is always less, and whoever had to apply many rounds in one go need not miss the next ones for it.
 */
const mostDebtMs = 2_000;
/** At this, a second's work is followed by a minute and a half of rest; with less, nobody would train. */
const leastShare = 0.01;
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
  /** The busy time up to the newest rest, and between that and the one before, as far as it was owed for. */
  #restedAtMs: number;
  #pieceMs = 0;
  #halves: readonly [older: Span, newer: Span];
  #endRest: () => void = () => undefined;

  constructor(clock: Clock, busyMs: () => number) {
    this.#clock = clock;
    this.#busyMs = busyMs;
    this.#since = this.#now();
    this.#restedAtMs = this.#since.busyMs;
    this.#halves = [this.#since, this.#since];
  }

  /** The share asked for, in [0.01, 1]. */
  get share(): number {
    return this.#share;
  }

  /** How long the GPU has been busy in all, up to now. */
  get busyMs(): number {
    return this.#busyMs();
  }

  /** Counts anew from now, and ends a rest. Throws for what is no share. */
  set share(share: number) {
    invariant(isShare(share), 'a share from 0.01 to 1');
    this.#share = share;
    this.startAnew();
    this.#halves = [this.#since, this.#since];
    this.#endRest();
  }

  /** What was done until now is not rested for: setting up is over within seconds, and nothing trains until it is. */
  startAnew(): void {
    this.#since = this.#now();
    this.#restedAtMs = this.#since.busyMs;
  }

  /** Busy time over wall time of the last 5 to 10 seconds; undefined in the first moments. */
  get measured(): number | undefined {
    const now = this.#turn();
    const [{ atMs, busyMs }] = this.#halves;
    const wall = now.atMs - atMs;
    return wall < windowMs / 10 ? undefined : Math.min(1, (now.busyMs - busyMs) / wall);
  }

  /** How long the GPU is to rest now, in ms, for what it did since the share was set or a start made anew. */
  get owedMs(): number {
    if (this.#share === 1) return 0;
    const now = this.#now();
    const owed = (now.busyMs - this.#since.busyMs) / this.#share - (now.atMs - this.#since.atMs);
    if (owed < -mostCreditMs) this.#since = { ...now, atMs: now.atMs - mostCreditMs };
    const most = this.#mostDebtMs * (1 / this.#share - 1);
    if (owed > most) this.#since = { ...this.#since, atMs: this.#since.atMs - (owed - most) };
    return Math.min(most, Math.max(0, owed));
  }

  /** Waits as long as rest is owed, but not when it is `over`: what is owed then stays owed. At once where none is. */
  async rest(over?: AbortSignal): Promise<void> {
    const isOver = (): boolean => over?.aborted === true;
    if (isOver()) return;
    const now = this.#turn();
    const owed = this.owedMs;
    const before = this.#pieceMs;
    this.#pieceMs = Math.min(this.#mostDebtMs, now.busyMs - this.#restedAtMs);
    this.#restedAtMs = now.busyMs;
    if (owed < shortestRestMs) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel();
        over?.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.#clock.after(owed, end);
      over?.addEventListener('abort', end);
      this.#endRest = end;
    });
    // Or the debt would be cut to what the next, shorter work may owe.
    if (isOver()) this.#pieceMs = Math.max(before, this.#pieceMs);
  }

  get #mostDebtMs(): number {
    return Math.max(mostDebtMs, 2 * this.#pieceMs);
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
  typeof value === 'number' && value >= leastShare && value <= 1;
