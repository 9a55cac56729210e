/** What is allowed in a while: `burst` at once, `perSecond` in the long run. */
export class Bucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Milliseconds until one is allowed; 0 if it is now. */
  waitMs(nowMs: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#atMs) * this.#perSecond) / 1000);
    this.#atMs = nowMs;
    // A thousandth short is rounding.
    return this.#tokens > 0.999 ? 0 : Math.ceil(((1 - this.#tokens) * 1000) / this.#perSecond);
  }

  take(nowMs: number): boolean {
    if (this.waitMs(nowMs) > 0) return false;
    this.#tokens = Math.max(0, this.#tokens - 1);
    return true;
  }
}
