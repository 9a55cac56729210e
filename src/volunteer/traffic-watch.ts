import type { Clock } from '../base/clock.ts';
import type { TransportStats } from '../swarm/transport.ts';

/** Between two looks at a transport, ms: each asks WebRTC about every connection. */
const everyMs = 2_000;

/** Looks at what a transport counted every two seconds, and no more often, however often it is asked. */
export class TrafficWatch {
  readonly #stats: () => Promise<TransportStats>;
  readonly #clock: Clock;
  readonly #seen: (stats: TransportStats) => void;
  #cancel: () => void = () => undefined;
  #newest: Promise<TransportStats> | undefined;
  #askedMs = -Infinity;
  #stopped = false;

  /** `seen` is told of every look. */
  constructor(stats: () => Promise<TransportStats>, clock: Clock, seen: (stats: TransportStats) => void) {
    this.#stats = stats;
    this.#clock = clock;
    this.#seen = seen;
  }

  start(): void {
    if (this.#stopped) return;
    void this.read();
    this.#cancel = this.#clock.after(everyMs, () => {
      this.start();
    });
  }

  /** The newest look, at most two seconds old while it runs. */
  read(): Promise<TransportStats> {
    const now = this.#clock.now();
    if (this.#newest !== undefined && (this.#stopped || now - this.#askedMs < everyMs)) return this.#newest;
    this.#askedMs = now;
    const before = this.#newest;
    const asked = this.#stats().then(
      (stats) => {
        if (!this.#stopped) this.#seen(stats);
        return stats;
      },
      (thrown: unknown) => {
        if (before === undefined) throw thrown;
        return before;
      },
    );
    asked.catch(() => undefined); // whoever reads is told
    this.#newest = asked;
    return asked;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }
}
