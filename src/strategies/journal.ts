import { invariant } from '../base/invariant.ts';

/**
 * What left in this volunteer's own contributions, by round, until each has come to its end: counted for good or given back.
 * An entry is taken once. Bounded: the oldest are dropped, and counted, once there are more than `capacity`.
 */
export class Journal<T> {
  readonly #capacity: number;
  readonly #entries = new Map<number, T>();
  #dropped = 0;

  constructor(capacity: number) {
    invariant(Number.isInteger(capacity) && capacity > 0, 'a journal has room for an entry');
    this.#capacity = capacity;
  }

  /** Rounds that have not come to their end. */
  get open(): number {
    return this.#entries.size;
  }

  /** Entries that no longer fitted: what left in them cannot be given back. */
  get dropped(): number {
    return this.#dropped;
  }

  has(round: number): boolean {
    return this.#entries.has(round);
  }

  /** Rounds are added once while they are open. */
  add(round: number, entry: T): void {
    invariant(!this.#entries.has(round), `round ${round} is in the journal once`);
    this.#entries.set(round, entry);
    if (this.#entries.size <= this.#capacity) return;
    this.#entries.delete(Math.min(...this.#entries.keys()));
    this.#dropped++;
  }

  /** The entry of a round, the first time it is asked for; undefined ever after. */
  take(round: number): T | undefined {
    const entry = this.#entries.get(round);
    this.#entries.delete(round);
    return entry;
  }
}
