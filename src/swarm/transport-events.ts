import type { TransportEvent } from './transport.ts';

/** Keeps a transport's promise about events: in order, to one listener, never from inside a call, none after close. */
export class TransportEvents {
  #waiting: TransportEvent[] = [];
  #listener: ((event: TransportEvent) => void) | undefined;
  #draining = false;
  #closed = false;

  push(event: TransportEvent): void {
    if (this.#closed) return;
    this.#waiting.push(event);
    this.#drainLater();
  }

  /** Events pushed before are told to `listener` too. */
  listen(listener: (event: TransportEvent) => void): void {
    this.#listener = listener;
    this.#drainLater();
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  #drainLater(): void {
    if (this.#listener === undefined || this.#draining || this.#waiting.length === 0) return;
    this.#draining = true;
    queueMicrotask(() => {
      this.#draining = false;
      const events = this.#waiting;
      this.#waiting = [];
      for (const event of events) if (!this.#closed) this.#listener?.(event);
      this.#drainLater();
    });
  }
}
