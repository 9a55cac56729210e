import type { Bytes } from '../base/bytes.ts';
import type { PeerId } from '../base/ids.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';

export interface InboxOptions {
  /** Judges one message, at once or later; never rejects. */
  readonly judge: (from: PeerId, bytes: Bytes) => MaybePromise<void>;
  readonly overflow: (from: PeerId) => void;
  /** Bytes that may wait of one peer. */
  readonly byteLimit: number;
  readonly messageLimit: number;
}

interface Queue {
  readonly waiting: Bytes[];
  bytes: number;
  running: boolean;
}

interface Parked {
  readonly round: number;
  readonly bytes: Bytes;
}

/**
 * Messages between arrival and judgement, in order for each peer; verifying is asynchronous, and two messages of one
 * peer must not overtake each other. Messages of rounds still to come are parked until they can be judged. Both are
 * bounded for each peer: a full queue refuses the newest, a full park forgets the oldest.
 */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #queues = new Map<PeerId, Queue>();
  readonly #parked = new Map<PeerId, Parked[]>();
  /** Peers that went while a message of theirs was being judged. */
  readonly #gone = new Set<PeerId>();
  #closed = false;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  push(from: PeerId, bytes: Bytes): void {
    if (this.#closed) return;
    let queue = this.#queues.get(from);
    if (queue === undefined) {
      queue = { waiting: [], bytes: 0, running: false };
      this.#queues.set(from, queue);
    }
    const { messageLimit, byteLimit } = this.#options;
    if (queue.waiting.length >= messageLimit || queue.bytes + bytes.length > byteLimit) {
      this.#options.overflow(from);
      return;
    }
    queue.waiting.push(bytes);
    queue.bytes += bytes.length;
    if (!queue.running) this.#run(from, queue);
  }

  /** Keeps a message until `release` reaches its round. */
  park(from: PeerId, round: number, bytes: Bytes): void {
    const parked = this.#parked.get(from) ?? [];
    this.#parked.set(from, parked);
    parked.push({ round, bytes });
    let held = parked.reduce((sum, one) => sum + one.bytes.length, 0);
    while (parked.length > this.#options.messageLimit || held > this.#options.byteLimit) {
      held -= parked.shift()?.bytes.length ?? 0;
    }
  }

  /** Judges what was parked for rounds up to `round`. */
  release(round: number): void {
    for (const [from, parked] of this.#parked) {
      const due = parked.filter((one) => one.round <= round);
      if (due.length === 0) continue;
      this.#parked.set(
        from,
        parked.filter((one) => one.round > round),
      );
      for (const { bytes } of due) this.push(from, bytes);
    }
  }

  /** The peer is gone. What waits is still judged: it may hold the last record of a leader. */
  forget(from: PeerId): void {
    if (this.#queues.get(from)?.running === true) this.#gone.add(from);
    else this.#queues.delete(from);
    this.#parked.delete(from);
  }

  close(): void {
    this.#closed = true;
    this.#queues.clear();
    this.#parked.clear();
  }

  #run(from: PeerId, queue: Queue): void {
    queue.running = true;
    for (;;) {
      const bytes = queue.waiting.shift();
      if (bytes === undefined || this.#closed) break;
      const judged = this.#options.judge(from, bytes);
      if (judged instanceof Promise) {
        void judged.then(() => {
          queue.bytes -= bytes.length;
          this.#run(from, queue);
        });
        return;
      }
      queue.bytes -= bytes.length;
    }
    queue.running = false;
    if (this.#gone.delete(from)) this.forget(from);
  }
}
