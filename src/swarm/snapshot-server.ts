import type { Clock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import type { Verdict } from '../base/verdict.ts';
import { Bucket } from './bucket.ts';
import type { Checkpoint, CheckpointShelf, OnChain } from './checkpoint-shelf.ts';
import { pieceOf } from './merkle.ts';
import type { Message } from './protocol.ts';
import type { SendOutcome } from './transport.ts';

export interface SnapshotServerOptions {
  readonly clock: Clock;
  readonly shelf: CheckpointShelf;
  readonly send: (to: PeerId, message: Message) => SendOutcome;
  readonly onChain: OnChain;
  /** The newest final round of our chain; -1 if there is none. */
  readonly finalRound: () => number;
}

/** Pieces one peer may have waiting; more than an honest client asks ahead. */
export const piecesWaiting = 8;
/** 4 MiB a second for one peer, after a first burst. */
const piecesPerSecond = 16;
const headersPerSecond = 0.5;
const headersBurst = 4;
/** How long until a link that took nothing more is tried again. */
const fullRetryMs = 100;

interface Served {
  readonly pieces: Bucket;
  readonly headers: Bucket;
  readonly queue: { readonly root: Digest; readonly index: number }[];
  cancelTimer: (() => void) | undefined;
  /** It asked when there was nothing to give. */
  waiting: boolean;
}

/**
 * Gives snapshots from the shelf. A peer that floods it with requests is refused after a look into a map; what it can make
 * us send is bounded in bytes a second. Peers that never asked for a snapshot cost no memory.
 */
export class SnapshotServer {
  readonly #options: SnapshotServerOptions;
  readonly #served = new Map<PeerId, Served>();

  constructor(options: SnapshotServerOptions) {
    this.#options = options;
  }

  /** Whether a peer waits for a snapshot because the shelf had none. */
  get wanted(): boolean {
    return [...this.#served.values()].some(({ waiting }) => waiting);
  }

  /** Answers want-snapshot: with the newest final checkpoint, else the newest one on the chain, else as soon as there is one. */
  want(peer: PeerId): Verdict {
    const now = this.#options.clock.now();
    const served = this.#served.get(peer) ?? {
      pieces: new Bucket(piecesWaiting, piecesPerSecond, now),
      headers: new Bucket(headersBurst, headersPerSecond, now),
      queue: [],
      cancelTimer: undefined,
      waiting: false,
    };
    this.#served.set(peer, served);
    if (!served.headers.take(now)) return { rejected: 'want-snapshot-too-often' };
    this.#sendHeader(peer, served);
    return 'applied';
  }

  /** Tells those that wait: call when the shelf got a checkpoint. */
  offered(): void {
    for (const [peer, served] of this.#served) if (served.waiting) this.#sendHeader(peer, served);
  }

  /** Answers want-piece. Where the snapshot is gone, the peer is told what there is instead. */
  piece(peer: PeerId, root: Digest, index: number): Verdict {
    const served = this.#served.get(peer);
    if (served === undefined) return 'ignored';
    const checkpoint = this.#options.shelf.byRoot(root);
    if (checkpoint === undefined) {
      if (served.headers.take(this.#options.clock.now())) this.#sendHeader(peer, served);
      return 'ignored';
    }
    if (index >= checkpoint.leaves.length) return { rejected: 'want-piece-out-of-range' };
    if (served.queue.some((one) => one.index === index && one.root === root)) return 'ignored';
    if (served.queue.length >= piecesWaiting) return { rejected: 'want-piece-too-often' };
    served.queue.push({ root, index });
    if (served.cancelTimer === undefined) this.#drain(peer, served);
    return 'applied';
  }

  /** The peer is gone. */
  forget(peer: PeerId): void {
    this.#served.get(peer)?.cancelTimer?.();
    this.#served.delete(peer);
  }

  close(): void {
    for (const peer of [...this.#served.keys()]) this.forget(peer);
  }

  #current(): Checkpoint | undefined {
    const { shelf, onChain, finalRound } = this.#options;
    return shelf.newest(onChain, finalRound()) ?? shelf.newest(onChain);
  }

  #sendHeader(peer: PeerId, served: Served): void {
    const checkpoint = this.#current();
    served.waiting = checkpoint === undefined;
    if (checkpoint === undefined) return;
    const { round, record, state, bytes, leaves, context } = checkpoint;
    this.#options.send(peer, {
      ...{ kind: 'snapshot', round, record, state, leaves, context },
      totalBytes: bytes.length,
    });
  }

  #drain(peer: PeerId, served: Served): void {
    const { clock, shelf, send } = this.#options;
    for (;;) {
      const next = served.queue[0];
      if (next === undefined) return;
      let waitMs = served.pieces.waitMs(clock.now());
      const checkpoint = shelf.byRoot(next.root);
      if (checkpoint !== undefined && waitMs === 0) {
        const bytes = pieceOf(checkpoint.bytes, next.index);
        const outcome = send(peer, { kind: 'piece', root: next.root, index: next.index, bytes });
        if (outcome === 'full') waitMs = fullRetryMs;
        else served.pieces.take(clock.now());
      }
      if (checkpoint !== undefined && waitMs > 0) {
        served.cancelTimer = clock.after(waitMs, () => {
          served.cancelTimer = undefined;
          this.#drain(peer, served);
        });
        return;
      }
      served.queue.shift();
    }
  }
}
