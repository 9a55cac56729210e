import type { Clock } from '../base/clock.ts';

/**
 * What part of its thread's time a page may spend on showing what is new, by what else the machine has to do. Layout and paint of it
 * cost the browser twice as much or more.
 */
export const shares = { watching: 0.01, training: 0.003 } as const;
/** From the beginning of a round to that of the next: more often is not seen, and more rarely is no live page. */
const [shortestMs, longestMs] = [250, 3_000] as const;
/** What is out of sight is read by few: a search in the page, a screen reader. */
const hiddenMs = 9_000;
/** After this long, whoever is next has its turn in another task: short enough not to be felt, and each task is a frame to paint. */
const taskMs = 10;

/** Whoever shows something. */
interface Taker {
  readonly take: () => void;
  readonly isInSight: () => boolean;
  /** When it had its last turn. */
  atMs: number;
  /** Something is new since. */
  isOwed: boolean;
}

/**
 * Who shows what is new, one after the other, a few milliseconds a task: the page stays free for whoever uses it, and
 * what came meanwhile comes with the next round. Where showing it is slow, it is shown more rarely: the machine has better to do.
 * Who is out of sight has its turn every nine seconds.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #share: () => number;
  readonly #takers = new Set<Taker>();
  #left: Taker[] = [];
  #isShowing = false;
  /** When the next round begins; Infinity: nobody is owed one. */
  #atMs = Infinity;
  #beganMs = 0;
  #costMs = 0;
  /** No round begins before. */
  #nextMs = -Infinity;
  #cancel = (): void => undefined;

  /** `share`: one of `shares`, asked after each round. */
  constructor(clock: Clock, share: () => number = () => shares.training) {
    this.#clock = clock;
    this.#share = share;
  }

  /** From now on `take` is called after changes, behind those that were here before. Returns the way out. */
  add(take: () => void, isInSight: () => boolean = () => true): () => void {
    // Something may have changed since it was drawn first.
    const taker = { take, isInSight, atMs: -Infinity, isOwed: true };
    this.#takers.add(taker);
    return () => {
      this.#takers.delete(taker);
    };
  }

  /** Something is new. `isUrgent`: whoever is out of sight has its turn too, and soon. */
  changed(isUrgent = false): void {
    for (const taker of this.#takers) {
      taker.isOwed = true;
      if (isUrgent) taker.atMs = -Infinity;
    }
    if (isUrgent) this.#nextMs = Math.min(this.#nextMs, this.#beganMs + shortestMs);
    this.#arrange();
  }

  /** Someone came into sight. */
  appeared(): void {
    this.#arrange();
  }

  /** Whoever has not had a turn has none, until something is new again. */
  stop(): void {
    this.#cancel();
    this.#isShowing = false;
    this.#atMs = Infinity;
    for (const taker of this.#takers) taker.isOwed = false;
  }

  /** When this one has its next turn, as far as that is its own affair. */
  #dueMs({ isOwed, isInSight, atMs }: Taker): number {
    if (!isOwed) return Infinity;
    return isInSight() ? -Infinity : atMs + hiddenMs;
  }

  /** Has the next round begin when someone is due, unless it begins before already. */
  #arrange(): void {
    if (this.#isShowing) return;
    const dueMs = Math.min(...[...this.#takers].map((taker) => this.#dueMs(taker)));
    const atMs = Math.max(this.#clock.now(), this.#nextMs, dueMs);
    if (atMs >= this.#atMs) return;
    this.#cancel();
    this.#atMs = atMs;
    this.#after(atMs - this.#clock.now(), () => {
      this.#begin();
    });
  }

  #begin(): void {
    this.#atMs = Infinity;
    this.#isShowing = true;
    this.#beganMs = this.#clock.now();
    this.#left = [...this.#takers].filter((taker) => this.#dueMs(taker) <= this.#beganMs);
    this.#costMs = 0;
    this.#nextMs = Infinity;
    this.#next();
  }

  #next(): void {
    const startMs = this.#clock.now();
    let tookMs = 0;
    while (tookMs < taskMs && this.#left.length > 0) {
      const taker = this.#left.shift();
      if (taker !== undefined && this.#takers.has(taker)) {
        taker.atMs = this.#beganMs;
        taker.isOwed = false;
        taker.take();
      }
      tookMs = this.#clock.now() - startMs;
    }
    this.#costMs += tookMs;
    if (this.#left.length > 0) this.#after(0, () => this.#next());
    else this.#ended();
  }

  #ended(): void {
    this.#isShowing = false;
    const restMs = Math.min(longestMs, Math.max(shortestMs, this.#costMs / this.#share()));
    // Urgent news during the round has set it already.
    this.#nextMs = Math.min(this.#nextMs, this.#beganMs + restMs);
    this.#arrange();
  }

  #after(delayMs: number, run: () => void): void {
    this.#cancel = this.#clock.after(delayMs, run);
  }
}
