import type { Clock } from '../base/clock.ts';
import type { SwarmView } from '../swarm/swarm-api.ts';
import type { CatchUp } from './status.ts';

/** Rounds that a latecomer trains silently before it asks to be counted, so that its first vote carries momentum. */
export const warmUpRounds = 8;
/** Fewer rounds than this behind is what every slow round looks like. */
const behindRounds = 2;

/** How far this volunteer has come on its way into the run: the model, the rounds since, the silent warm-up. */
export class CatchingUp {
  readonly #clock: Clock;
  #askedMs = 0;
  #entered: { readonly round: number; readonly atMs: number } | undefined;
  #isLate = false;
  /** It has trained, or waited for, a round that nobody had closed. */
  #reachedHead = false;
  #silent: number | undefined;
  #joinMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From asking to join until the first round followed; undefined for who was there from the start. */
  get joinMs(): number | undefined {
    return this.#joinMs;
  }

  /** Whether it trains without being counted. */
  get isWarmingUp(): boolean {
    return this.#silent !== undefined;
  }

  get hasEntered(): boolean {
    return this.#entered !== undefined;
  }

  /** It asks to be let in, for the first time or again. */
  ask(): void {
    this.#askedMs = this.#clock.now();
    this.#entered = undefined;
    this.#reachedHead = false;
    this.#silent = undefined;
  }

  /** The replica stands after `round`. `isLate`: the run was under way; `warmsUp`: it is to train silently first. */
  enter(round: number, { isLate, warmsUp }: { readonly isLate: boolean; readonly warmsUp: boolean }): void {
    this.#entered = { round, atMs: this.#clock.now() };
    this.#isLate = isLate;
    this.#silent = warmsUp ? 0 : undefined;
  }

  /** A round was applied. `atHead`: nobody had closed it when this volunteer came to it. */
  followed(atHead: boolean): void {
    if (this.#isLate) this.#joinMs ??= this.#clock.now() - this.#askedMs;
    this.#reachedHead ||= atHead;
  }

  /** A round was trained silently. True: it was the last, and this volunteer may ask to be counted. */
  trainedSilently(): boolean {
    if (this.#silent === undefined || ++this.#silent < warmUpRounds) return false;
    this.#silent = undefined;
    return true;
  }

  endWarmUp(): void {
    this.#silent = undefined;
  }

  /** `applied`: the round the replica stands at. */
  status(view: SwarmView, applied: number): CatchUp | undefined {
    const { catchUp, round, newestSeen } = view;
    if (catchUp !== undefined) {
      const { bytes, totalBytes, bytesPerSecond, sources } = catchUp;
      return { stage: 'model', done: bytes, total: totalBytes, perSecond: bytesPerSecond, sources };
    }
    if (this.#entered === undefined) return undefined;
    const { round: from, atMs } = this.#entered;
    // Once at the head, only records that are here count: a peer's word for newer ones could be anything.
    const newest = this.#reachedHead ? round : Math.max(round, newestSeen);
    if (newest - applied > behindRounds) {
      const seconds = (this.#clock.now() - atMs) / 1000;
      const done = applied - from;
      const perSecond = done > 0 && seconds > 0 ? done / seconds : undefined;
      return { stage: 'rounds', done, total: newest - from, perSecond, sources: 0 };
    }
    if (this.#silent === undefined) return undefined;
    return { stage: 'warm-up', done: this.#silent, total: warmUpRounds, perSecond: undefined, sources: 0 };
  }
}
