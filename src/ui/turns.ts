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
  #state: 'idle' | 'waiting' | 'showing' = 'idle';
  #isNew = false;
  #isUrgent = false;
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
    const taker = { take, isInSight, atMs: -Infinity };
    this.#takers.add(taker);
    return () => {
      this.#takers.delete(taker);
    };
  }

  /** Something is new, or came into sight. `isUrgent`: whoever is out of sight has its turn too, and soon. */
  changed(isUrgent = false): void {
    this.#isNew = true;
    if (isUrgent) {
      this.#isUrgent = true;
      for (const taker of this.#takers) taker.atMs = -Infinity;
      this.#nextMs = Math.min(this.#nextMs, this.#beganMs + shortestMs);
    }
    if (this.#state === 'showing' || (this.#state === 'waiting' && !isUrgent)) return;
    this.#cancel();
    this.#state = 'waiting';
    this.#after(Math.max(0, this.#nextMs - this.#clock.now()), () => {
      this.#begin();
    });
  }

  /** Whoever has not had a turn has none, until something is new again. */
  stop(): void {
    this.#cancel();
    this.#state = 'idle';
  }

  #begin(): void {
    this.#beganMs = this.#clock.now();
    this.#state = 'showing';
    this.#isUrgent = false;
    const isDue = ({ isInSight, atMs }: Taker): boolean => isInSight() || this.#beganMs - atMs >= hiddenMs;
    this.#left = [...this.#takers].filter(isDue);
    // What is new stays so for those whose turn it is not yet.
    this.#isNew = this.#left.length < this.#takers.size;
    this.#costMs = 0;
    this.#next();
  }

  #next(): void {
    const startMs = this.#clock.now();
    let tookMs = 0;
    while (tookMs < taskMs && this.#left.length > 0) {
      const taker = this.#left.shift();
      if (taker !== undefined && this.#takers.has(taker)) {
        taker.atMs = this.#beganMs;
        taker.take();
      }
      tookMs = this.#clock.now() - startMs;
    }
    this.#costMs += tookMs;
    if (this.#left.length > 0) this.#after(0, () => this.#next());
    else this.#ended();
  }

  #ended(): void {
    this.#state = 'idle';
    const restMs = Math.min(longestMs, Math.max(shortestMs, this.#costMs / this.#share()));
    this.#nextMs = this.#beganMs + (this.#isUrgent ? shortestMs : restMs);
    if (this.#isNew) this.changed();
  }

  #after(delayMs: number, run: () => void): void {
    this.#cancel = this.#clock.after(delayMs, run);
  }
}
