/**
 * How long a GPU has had work of ours, as seen from this thread: from a submit until the end of the last one that was under way,
 * counted once where submits overlap. The way there and back counts too, so it is a little more than the GPU itself would say.
 */
export class BusyMeter {
  readonly #now: () => number;
  #submits = 0;
  #sinceMs: number | undefined;
  #totalMs = 0;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Up to now, work under way included. */
  get busyMs(): number {
    return this.#totalMs + (this.#sinceMs === undefined ? 0 : this.#now() - this.#sinceMs);
  }

  /** Work was submitted. To be called when it, and so all before it, is done. */
  begin(): () => void {
    const submit = ++this.#submits;
    this.#sinceMs ??= this.#now();
    return () => {
      if (submit !== this.#submits) return; // a later one is under way
      this.#totalMs = this.busyMs;
      this.#sinceMs = undefined;
    };
  }
}
