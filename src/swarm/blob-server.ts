import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Verdict } from '../base/verdict.ts';
import type { BlobMessage } from './blob-codec.ts';
import { Bucket } from './bucket.ts';
import type { SendOutcome } from './transport.ts';

/** The blob with this digest, if it is here and of this run: nobody is given what belongs to another. Must not reject. */
export type HeldBlob = (digest: Digest) => MaybePromise<Bytes | undefined>;

export interface BlobServerOptions {
  readonly clock: Clock;
  readonly held: HeldBlob;
  readonly send: (to: PeerId, message: BlobMessage) => SendOutcome;
}

/** Requests one peer may have waiting; more than an honest client asks ahead (blob-client.ts). */
export const blobsWaiting = 8;
/** At most 4 MiB a second for one peer, after a first burst. */
const blobsPerSecond = 16;
/** Requests, whatever they are answered with. */
const [asksBurst, asksPerSecond] = [64, 32];
/** How long until a link that took nothing more is tried again. */
const fullRetryMs = 100;

interface Served {
  readonly asks: Bucket;
  readonly blobs: Bucket;
  readonly queue: Digest[];
  /** The first of the queue is being read or sent, or waits for its turn. */
  busy: boolean;
  cancelTimer: (() => void) | undefined;
  gone: boolean;
}

/** Gives blobs to whoever asks. A flood is refused after a look into a map; what it makes us send is bounded in bytes a second. */
export class BlobServer {
  readonly #options: BlobServerOptions;
  readonly #served = new Map<PeerId, Served>();

  constructor(options: BlobServerOptions) {
    this.#options = options;
  }

  /** Takes a want-blob. */
  want(peer: PeerId, digest: Digest): Verdict {
    const now = this.#options.clock.now();
    let served = this.#served.get(peer);
    if (served === undefined) {
      served = {
        asks: new Bucket(asksBurst, asksPerSecond, now),
        blobs: new Bucket(blobsWaiting, blobsPerSecond, now),
        queue: [],
        ...{ busy: false, cancelTimer: undefined, gone: false },
      };
      this.#served.set(peer, served);
    }
    if (!served.asks.take(now)) return { rejected: 'want-blob-too-often' };
    if (served.queue.includes(digest)) return 'ignored';
    if (served.queue.length >= blobsWaiting) return { rejected: 'want-blob-too-many' };
    served.queue.push(digest);
    if (!served.busy) void this.#drain(peer, served);
    return 'applied';
  }

  /** The peer is gone. */
  forget(peer: PeerId): void {
    const served = this.#served.get(peer);
    if (served === undefined) return;
    served.gone = true;
    served.cancelTimer?.();
    this.#served.delete(peer);
  }

  close(): void {
    for (const peer of [...this.#served.keys()]) this.forget(peer);
  }

  async #drain(peer: PeerId, served: Served): Promise<void> {
    const { clock, held, send } = this.#options;
    served.busy = true;
    for (;;) {
      const digest = served.queue[0];
      if (digest === undefined || served.gone) break;
      const waitMs = served.blobs.waitMs(clock.now());
      if (waitMs > 0) {
        this.#later(peer, served, waitMs);
        return;
      }
      const found = held(digest);
      const bytes = found instanceof Promise ? await found : found;
      if (served.gone) break;
      const outcome = send(
        peer,
        bytes === undefined ? { kind: 'no-blob', digest } : { kind: 'blob', digest, bytes },
      );
      if (outcome === 'full') {
        this.#later(peer, served, fullRetryMs);
        return;
      }
      if (bytes !== undefined) served.blobs.take(clock.now());
      served.queue.shift();
    }
    served.busy = false;
  }

  #later(peer: PeerId, served: Served, waitMs: number): void {
    served.cancelTimer = this.#options.clock.after(waitMs, () => {
      served.cancelTimer = undefined;
      void this.#drain(peer, served);
    });
  }
}
