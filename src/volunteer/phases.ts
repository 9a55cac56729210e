import type { Clock } from '../base/clock.ts';
import type { PhaseMs } from './status.ts';

export type Phase = keyof PhaseMs;

/** Where a volunteer's time goes. Whatever is in no named phase between `beginRound` and `endRound` is `other`. */
export class Phases {
  readonly #clock: Clock;
  readonly #total = { compute: 0, exchange: 0, agree: 0, apply: 0, other: 0 };
  #roundStart: number | undefined;
  #named = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get total(): PhaseMs {
    return { ...this.#total };
  }

  beginRound(): void {
    this.#roundStart = this.#clock.now();
    this.#named = 0;
  }

  /** Closes the round and returns its length in ms. */
  endRound(): number {
    if (this.#roundStart === undefined) return 0;
    const length = this.#clock.now() - this.#roundStart;
    this.#total.other += Math.max(0, length - this.#named);
    this.#roundStart = undefined;
    return length;
  }

  add(phase: Exclude<Phase, 'other'>, ms: number): void {
    this.#total[phase] += ms;
    this.#named += ms;
  }

  async during<T>(phase: Exclude<Phase, 'other'>, work: Promise<T>): Promise<T> {
    const start = this.#clock.now();
    try {
      return await work;
    } finally {
      this.add(phase, this.#clock.now() - start);
    }
  }
}
