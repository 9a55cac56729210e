import type { Clock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import type { EventLine } from './status.ts';

/** In so many of the last `windowRounds` rounds may a GPU refuse work. */
const allowed = 2;
const windowRounds = 20;

/** Where it is shown. */
interface RefusalBoard {
  gpuRoundsWithheld: number;
  event(line: EventLine): void;
}

/**
 * Rounds in which the GPU refused work. Numbers of before stand where its results should: what such a round made reaches nobody,
 * and where it happens on and on, there is more wrong than that.
 */
export class RefusedRounds {
  readonly #clock: Clock;
  readonly #board: RefusalBoard;
  #recent: number[] = [];

  constructor(clock: Clock, board: RefusalBoard) {
    this.#clock = clock;
    this.#board = board;
  }

  /**
   * Nothing was given to `round`. Told once, and counted. Throws StarlingError `gpu-refuses-work` for the third within 20 rounds.
   */
  withheld(round: number): void {
    if (this.#board.gpuRoundsWithheld++ === 0) {
      const text = `The GPU refused work in round ${round}: this volunteer gives nothing to a round in which that happens.`;
      this.#board.event({ atMs: this.#clock.now(), kind: 'gpu-error', text });
    }
    this.#recent = [...this.#recent.filter((one) => one > round - windowRounds), round];
    if (this.#recent.length > allowed)
      throw refusesWork(`in ${this.#recent.length} of the last ${windowRounds} rounds`);
  }

  /** The GPU was set up again: rounds before say nothing of it. */
  startAnew(): void {
    this.#recent = [];
  }
}

/** `when` completes a sentence. */
export const refusesWork = (when: string): StarlingError =>
  new StarlingError(
    'gpu-refuses-work',
    `The GPU refused work ${when}.`,
    'Update the browser and the graphics driver, then join again; or join with another browser or from another machine. If it stays, report it with the list of what happened and the name of your GPU.',
  );
