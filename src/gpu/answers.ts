import type { StarlingError } from '../base/errors.ts';

/**
 * Waits for a device that may be lost: what it was asked before may then stay unanswered for ever. Nothing is kept of a wait that
 * is over, however long the device lives.
 */
export class Answers {
  readonly #waiting = new Set<(lost: StarlingError) => void>();
  #lost: StarlingError | undefined;

  constructor(lost: Promise<StarlingError>) {
    void lost.then((error) => {
      this.#lost = error;
      for (const giveUp of this.#waiting) giveUp(error);
      this.#waiting.clear();
    });
  }

  /** What `promise` settles with; rejects with the loss, a StarlingError `gpu-lost`, where that comes first. */
  orLoss<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) reject(this.#lost);
      else this.#waiting.add(reject);
      promise.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }
}
