import type { Clock } from '../base/clock.ts';
import type { StarlingError } from '../base/errors.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { gpuProblem, kindOf, subjectOf } from '../gpu/problems.ts';
import type { StatusBoard } from './status-board.ts';

/**
 * Hears what a GPU reports on its own: that it was lost, or ran out of memory, which is trouble that ends the work on it; and what
 * it refused, which is counted, and shown once for each kernel or buffer.
 */
export class GpuWatch {
  readonly #clock: Clock;
  readonly #board: StatusBoard;
  readonly #changed: () => void;
  readonly #refused = new Set<string>();
  #refusals = 0;
  #gpu: Gpu | undefined;
  #trouble: StarlingError | undefined;

  /** `changed` is called when the board was written to. */
  constructor(clock: Clock, board: StatusBoard, changed: () => void) {
    this.#clock = clock;
    this.#board = board;
    this.#changed = changed;
  }

  /** Why the GPU watched cannot be worked on with any more: the first `gpu-lost` or `gpu-out-of-memory` it reported. */
  get trouble(): StarlingError | undefined {
    return this.#trouble;
  }

  /** How often any has refused work. */
  get refusals(): number {
    return this.#refusals;
  }

  /** From now on this one; what another reports is of no interest any more. */
  watch(gpu: Gpu): void {
    this.#gpu = gpu;
    this.#trouble = undefined;
    void gpu.lost.then((lost) => {
      if (this.#gpu === gpu) this.#trouble ??= lost;
    });
    gpu.device.addEventListener('uncapturederror', ({ error }) => {
      if (this.#gpu === gpu) this.#heard(error);
    });
  }

  #heard(error: GPUError): void {
    if (this.#trouble !== undefined) return; // what follows from it
    const kind = kindOf(error);
    if (kind === 'out-of-memory') {
      this.#trouble = gpuProblem(kind, 'this round', error.message);
      return;
    }
    const subject = subjectOf(error.message);
    const { message, code } = gpuProblem(kind, subject, error.message.split('\n', 1)[0]);
    this.#refusals++;
    this.#board.gpuErrors++;
    if (!this.#refused.has(subject))
      this.#board.event({ atMs: this.#clock.now(), kind: 'gpu-error', text: `${message} (${code})` });
    this.#refused.add(subject);
    this.#changed();
  }
}
