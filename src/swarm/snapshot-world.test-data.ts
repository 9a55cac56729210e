import { createHash } from 'node:crypto';
import type { Bytes } from '../base/bytes.ts';
import { ManualClock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { hashWords, SeededRandom } from '../base/random.ts';
import type { Verdict } from '../base/verdict.ts';
import { CheckpointShelf, type Checkpoint } from './checkpoint-shelf.ts';
import { hashPieces, merkleRoot } from './merkle.ts';
import type { Message } from './protocol.ts';
import { SnapshotClient, type ReceivedSnapshot } from './snapshot-client.ts';
import { SnapshotServer } from './snapshot-server.ts';
import type { SendOutcome } from './transport.ts';

/** The real hash, at once: the whole transfer then runs without a promise. */
export const sha256 = (bytes: Bytes): Bytes => new Uint8Array(createHash('sha256').update(bytes).digest());

export const peer = (n: number): PeerId => n.toString(16).padStart(32, '0') as PeerId;

/** A snapshot of seeded bytes. Its state is the start of its hash, so that a test can tell a false one. */
export function checkpointOf(round: number, length: number, seed = 1): Checkpoint {
  const bytes = new Uint8Array(length);
  const random = new SeededRandom(hashWords(seed, round));
  for (let at = 0; at < length; at += 97) bytes[at] = random.u32() & 255;
  const leaves = hashPieces(bytes, sha256);
  invariant(!(leaves instanceof Promise), 'the hash is synchronous');
  const record = hashWords(seed, round).toString(16).padStart(64, '0') as Digest;
  const root = merkleRoot(leaves, sha256) as Digest;
  return { round, record, state: stateOf(bytes), bytes, context: new Uint8Array([round]), leaves, root };
}

export const stateOf = (bytes: Bytes): string => Buffer.from(sha256(bytes)).toString('hex').slice(0, 32);

/** What a peer does with a message; it answers by `reply`. */
export type Handler = (message: Message, reply: (message: Message) => SendOutcome) => void;

const latencyMs = 20;
const mostQueuedBytes = 4 << 20;

/** One joiner, and peers at the other ends of links with a latency and a bandwidth, on a manual clock. */
export class SnapshotWorld {
  readonly clock = new ManualClock();
  readonly client: SnapshotClient;
  readonly received: ReceivedSnapshot[] = [];
  /** Verdicts of the client on what arrived, by peer. */
  readonly rejections: string[] = [];
  readonly served: { readonly to: PeerId; readonly message: Message }[] = [];
  readonly #peers = new Map<PeerId, { handler: Handler; bytesPerSecond: number; freeMs: number }>();
  /** Goes up with each link: what was on its way over an older one is lost. */
  readonly #links = new Map<PeerId, number>();
  #linkCount = 0;

  constructor(maxBytes = 1 << 24) {
    this.client = new SnapshotClient({
      clock: this.clock,
      sha256,
      send: (to, message) => {
        const link = this.#links.get(to);
        this.clock.after(latencyMs, () => {
          if (link === undefined || this.#links.get(to) !== link) return;
          this.#peers.get(to)?.handler(message, (answer) => this.#answer(to, answer));
        });
      },
      sources: () => [...this.#links.keys()],
      maxBytes,
      received: (snapshot) => this.received.push(snapshot),
      changed: () => undefined,
    });
  }

  up(n: number): void {
    this.#links.set(peer(n), ++this.#linkCount);
    this.client.proceed();
  }

  down(n: number): void {
    if (!this.#links.delete(peer(n))) return;
    const entry = this.#peers.get(peer(n));
    if (entry !== undefined) entry.freeMs = 0;
    this.client.peerDown(peer(n));
  }

  isUp = (n: number): boolean => this.#links.has(peer(n));

  add(n: number, handler: Handler, bytesPerSecond = 2 << 20): void {
    this.#peers.set(peer(n), { handler, bytesPerSecond, freeMs: 0 });
    this.up(n);
  }

  /** A peer with a real server. */
  addHonest(n: number, checkpoint: Checkpoint, bytesPerSecond?: number): CheckpointShelf {
    const shelf = new CheckpointShelf();
    shelf.add(checkpoint);
    const server = new SnapshotServer({
      clock: this.clock,
      shelf,
      send: (_, message) => this.#answer(peer(n), message),
      onChain: () => true,
      finalRound: () => checkpoint.round,
    });
    this.add(
      n,
      (message) => {
        if (message.kind === 'want-snapshot') server.want(peer(99));
        if (message.kind === 'want-piece') server.piece(peer(99), message.root, message.index);
      },
      bytesPerSecond,
    );
    return shelf;
  }

  /** Advances until `done` in steps of 10 ms; the milliseconds it took, or undefined after `mostMs`. */
  until(done: () => boolean, mostMs = 60_000): number | undefined {
    const start = this.clock.now();
    while (!done()) {
      if (this.clock.now() - start >= mostMs) return undefined;
      this.clock.advance(10);
    }
    return this.clock.now() - start;
  }

  #answer(from: PeerId, message: Message): SendOutcome {
    const entry = this.#peers.get(from);
    const link = this.#links.get(from);
    if (entry === undefined || link === undefined) return 'gone';
    const now = this.clock.now();
    const queuedMs = Math.max(0, entry.freeMs - now);
    if ((queuedMs / 1000) * entry.bytesPerSecond > mostQueuedBytes) return 'full';
    const length = message.kind === 'piece' ? message.bytes.length : 500;
    entry.freeMs = now + queuedMs + (length * 1000) / entry.bytesPerSecond;
    this.served.push({ to: from, message });
    this.clock.after(entry.freeMs - now + latencyMs, () => {
      if (this.#links.get(from) !== link) return;
      const verdict = this.take(from, message);
      if (typeof verdict === 'object') this.rejections.push(verdict.rejected);
    });
    return 'queued';
  }

  take(from: PeerId, message: Message): Verdict {
    const verdict =
      message.kind === 'snapshot'
        ? this.client.takeHeader(from, message)
        : message.kind === 'piece'
          ? this.client.takePiece(from, message)
          : 'ignored';
    invariant(!(verdict instanceof Promise), 'all is synchronous with a synchronous hash');
    return verdict;
  }
}
