import type { Clock } from '../base/clock.ts';
import type { Fetching } from '../volunteer/status.ts';

/** Without a byte for this long, it is said why. */
const stuckMs = 5_000;
const lookMs = 1_000;

/** Something that is fetched: its host says what comes of it. */
export interface Fetch {
  /** It is asked of the server, and from now on also, or only, of the other volunteers. */
  asks(whom: 'server' | 'both' | 'others'): void;
  /** How long it is in all. */
  whole(bytes: number): void;
  got(bytes: number): void;
  /** It is here, or given up. */
  end(): void;
}

interface Open {
  readonly what: Fetching['what'];
  bytes: number;
  totalBytes: number | undefined;
  whom: 'server' | 'both' | 'others';
  newestMs: number;
}

/** What a volunteer is waiting for before it can train, and why nothing comes where nothing does. */
export class FetchProgress {
  readonly #clock: Clock;
  readonly #peers: () => number;
  readonly #open = new Set<Open>();
  #listener: (fetching: Fetching | undefined) => void = () => undefined;
  #cancelLook: (() => void) | undefined;

  /** `peers`: how many are connected. */
  constructor(clock: Clock, peers: () => number) {
    this.#clock = clock;
    this.#peers = peers;
  }

  /** One listener, told of every change, and at once. */
  listen(listener: (fetching: Fetching | undefined) => void): void {
    this.#listener = listener;
    this.#tell();
  }

  begin(what: Fetching['what'], whom: Open['whom']): Fetch {
    const open: Open = { what, bytes: 0, totalBytes: undefined, whom, newestMs: this.#clock.now() };
    this.#open.add(open);
    const changed = (change: () => void): void => {
      if (!this.#open.has(open)) return;
      change();
      this.#tell();
    };
    this.#tell();
    this.#lookLater();
    return {
      asks: (next) => changed(() => (open.whom = next)),
      whole: (bytes) => changed(() => (open.totalBytes = bytes)),
      got: (bytes) =>
        changed(() => {
          open.bytes += bytes;
          open.newestMs = this.#clock.now();
        }),
      end: () => changed(() => this.#open.delete(open)),
    };
  }

  #lookLater(): void {
    this.#cancelLook?.();
    if (this.#open.size === 0) return;
    this.#cancelLook = this.#clock.after(lookMs, () => {
      this.#tell();
      this.#lookLater();
    });
  }

  /** The weights first: nothing goes on without them. */
  #tell(): void {
    const all = [...this.#open];
    const shown = all.find(({ what }) => what === 'start') ?? all[0];
    if (shown === undefined) {
      this.#listener(undefined);
      return;
    }
    const { what, bytes, totalBytes } = shown;
    this.#listener({ what, bytes, totalBytes, stuck: this.#stuck(shown) });
  }

  #stuck({ whom, newestMs }: Open): Fetching['stuck'] {
    if (this.#clock.now() - newestMs < stuckMs) return undefined;
    if (whom !== 'others') return 'server';
    return this.#peers() === 0 ? 'nobody' : 'not-given';
  }
}
