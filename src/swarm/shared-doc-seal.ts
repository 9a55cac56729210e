import type { CountRejection } from './shared-doc-bounds.ts';
import type { Seal } from './invitation.ts';

/** A published signal, of what is touched here. */
interface Published {
  readonly topic: string;
  readonly data?: unknown;
}

/** Signals that wait to be opened; a server can send any number. */
const mostWaiting = 256;

/** Signals of rooms by invitation through their seals, each way in order. */
export class SealedSignals {
  #outgoing: Promise<void> = Promise.resolve();
  #incoming: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** Hands on what was said, shut. */
  shut(seal: Seal, said: Published, send: (message: Published) => void, count: CountRejection): void {
    this.#outgoing = this.#outgoing.then(async () => {
      try {
        send({ ...said, data: await seal.shut(said.data, said.topic) });
      } catch {
        count('signaling-not-sealed');
      }
    });
  }

  /** Hands on what came, opened; what was not shut with the room's key is counted and goes no further. */
  open(seal: Seal, came: Published, take: (message: Published) => void, count: CountRejection): void {
    if (this.#waiting >= mostWaiting) {
      count('signaling-too-fast');
      return;
    }
    this.#waiting++;
    this.#incoming = this.#incoming.then(async () => {
      const opened = await seal.open(came.data, came.topic);
      this.#waiting--;
      if (opened.ok) take({ ...came, data: opened.value });
      else count(`signaling-${opened.reason}`);
    });
  }
}
