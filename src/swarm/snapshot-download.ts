import { equalBytes, type Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import type { Verdict } from '../base/verdict.ts';
import { hashPiece, type Hash } from './merkle.ts';
import { limits } from './protocol.ts';
import type { SnapshotHeader } from './snapshot-header.ts';

export interface CatchUp {
  readonly bytes: number;
  readonly totalBytes: number;
  /** Measured over the last few seconds. */
  readonly bytesPerSecond: number;
  /** Peers that give pieces. */
  readonly sources: number;
}

export interface SnapshotDownloadOptions {
  readonly clock: Clock;
  readonly sha256: Hash;
  readonly header: SnapshotHeader;
  readonly ask: (peer: PeerId, root: Digest, index: number) => void;
}

/** Without a piece it was asked for in this long, a peer is asked for less and another peer for that piece. */
const pieceTimeoutMs = 10_000;
/** Timeouts in a row after which a peer is given up. */
const mostTimeouts = 2;
const firstWindow = 2;
/** Pieces asked of one peer at a time: fewer than a server lets wait (snapshot-server.ts). */
const mostWindow = 6;
/** A piece that takes less than this widens its peer's window, one that takes more than `slowMs` narrows it. */
const fastMs = 1_000;
const slowMs = 4_000;
/** When nothing is left to ask for, an idle peer is asked for what another has owed for this long. */
const overdueMs = 1_000;
const rateWindowMs = 5_000;

type PieceState = 'todo' | 'asked' | 'hashing' | 'held';

interface Source {
  /** When each piece was asked for. */
  readonly inFlight: Map<number, number>;
  window: number;
  timeouts: number;
  restUntilMs: number;
}

/**
 * The pieces of one snapshot, from all peers that announce it at once: each takes the next piece from one queue whenever it
 * has room, so faster peers give more. Every piece is checked against its leaf before it is written to the one buffer.
 */
export class SnapshotDownload {
  readonly header: SnapshotHeader;
  readonly #options: SnapshotDownloadOptions;
  readonly #buffer: Bytes;
  readonly #states: PieceState[];
  /** Pieces to ask for, the next one last. What is no longer 'todo' is skipped. */
  readonly #todo: number[];
  readonly #sources = new Map<PeerId, Source>();
  readonly #givers = new Set<PeerId>();
  readonly #arrivals: { readonly atMs: number; readonly bytes: number }[] = [];
  readonly #startedMs: number;
  #bytes = 0;

  /** Allocates the whole: check the header's size before. */
  constructor(options: SnapshotDownloadOptions) {
    const { header, clock } = options;
    this.#options = options;
    this.header = header;
    this.#buffer = new Uint8Array(header.totalBytes);
    this.#states = header.leaves.map(() => 'todo');
    this.#todo = header.leaves.map((_, index) => header.leaves.length - 1 - index);
    this.#startedMs = clock.now();
  }

  /** The whole snapshot as soon as every piece is here and checked. */
  get whole(): Bytes | undefined {
    return this.#bytes === this.header.totalBytes ? this.#buffer : undefined;
  }

  /** Peers that announced this snapshot and gave at least one good piece. */
  get givers(): readonly PeerId[] {
    return [...this.#givers];
  }

  get sources(): number {
    return this.#sources.size;
  }

  get progress(): CatchUp {
    const now = this.#options.clock.now();
    const { totalBytes } = this.header;
    const elapsedMs = Math.min(rateWindowMs, now - this.#startedMs);
    const recent = this.#arrivals.filter(({ atMs }) => atMs > now - rateWindowMs);
    const recentBytes = recent.reduce((sum, { bytes }) => sum + bytes, 0);
    const bytesPerSecond = elapsedMs > 0 ? (recentBytes * 1000) / elapsedMs : 0;
    return { bytes: this.#bytes, totalBytes, bytesPerSecond, sources: this.#sources.size };
  }

  add(peer: PeerId): void {
    if (this.#sources.has(peer)) return;
    const fresh = { window: firstWindow, timeouts: 0, restUntilMs: -Infinity };
    this.#sources.set(peer, { inFlight: new Map(), ...fresh });
  }

  /** What the peer owes is asked of the others. */
  remove(peer: PeerId): void {
    const source = this.#sources.get(peer);
    if (source === undefined) return;
    this.#sources.delete(peer);
    for (const index of source.inFlight.keys()) this.#giveBack(index);
  }

  /** Asks for as many pieces as the peers have room for, from the least busy one first. */
  pump(): void {
    for (;;) {
      const next = this.#leastBusy();
      const index = next === undefined ? undefined : this.#nextIndex();
      if (next === undefined || index === undefined) return;
      this.#states[index] = 'asked';
      this.#ask(next.peer, next.source, index);
    }
  }

  /** Call about twice a second. Returns the peers that were given up because they are silent. */
  tick(): readonly PeerId[] {
    const now = this.#options.clock.now();
    const silent: PeerId[] = [];
    for (const [peer, source] of this.#sources) {
      const late = [...source.inFlight].filter(([, askedMs]) => now - askedMs >= pieceTimeoutMs);
      if (late.length === 0) continue;
      for (const [index] of late) {
        source.inFlight.delete(index);
        this.#giveBack(index);
      }
      source.window = 1;
      source.restUntilMs = now + pieceTimeoutMs;
      if (++source.timeouts >= mostTimeouts) silent.push(peer);
    }
    for (const peer of silent) this.remove(peer);
    this.pump();
    this.#askOverdueAgain(now);
    return silent;
  }

  /**
   * A piece from a peer that owes us one. 'rejected' means that no honest peer sends this. A good piece counts even if it
   * comes late, or from a peer that was given up.
   */
  take(from: PeerId, index: number, bytes: Bytes): MaybePromise<Verdict> {
    const leaf = this.header.leaves[index];
    if (leaf === undefined) return { rejected: 'piece-out-of-range' };
    const now = this.#options.clock.now();
    const source = this.#sources.get(from);
    const askedMs = source?.inFlight.get(index);
    source?.inFlight.delete(index);
    const state = this.#states[index];
    if (state === 'held' || state === 'hashing') return 'ignored';
    const start = index * limits.pieceBytes;
    if (bytes.length !== Math.min(limits.pieceBytes, this.header.totalBytes - start)) {
      this.#giveBack(index);
      return { rejected: 'piece-wrong-length' };
    }
    this.#states[index] = 'hashing';
    return chain(hashPiece(bytes, this.#options.sha256), (hash) => {
      this.#states[index] = 'asked';
      if (!equalBytes(hash, leaf)) {
        this.#giveBack(index);
        return { rejected: 'piece-wrong-hash' };
      }
      this.#states[index] = 'held';
      this.#buffer.set(bytes, start);
      this.#bytes += bytes.length;
      while ((this.#arrivals[0]?.atMs ?? Infinity) <= now - rateWindowMs) this.#arrivals.shift();
      this.#arrivals.push({ atMs: now, bytes: bytes.length });
      // One that announces another snapshot is not to blame for this one.
      if (source !== undefined) {
        this.#givers.add(from);
        source.timeouts = 0;
        source.restUntilMs = -Infinity;
        const tookMs = askedMs === undefined ? Infinity : now - askedMs;
        if (tookMs < fastMs) source.window = Math.min(mostWindow, source.window + 1);
        else if (tookMs > slowMs) source.window = Math.max(1, source.window - 1);
      }
      return 'applied';
    });
  }

  #ask(peer: PeerId, source: Source, index: number): void {
    source.inFlight.set(index, this.#options.clock.now());
    this.#options.ask(peer, this.header.root, index);
  }

  /** Peers that timed out lately are asked only if all did. */
  #awake(): [PeerId, Source][] {
    const now = this.#options.clock.now();
    const sources = [...this.#sources];
    const awake = sources.filter(([, { restUntilMs }]) => restUntilMs <= now);
    return awake.length > 0 ? awake : sources;
  }

  #leastBusy(): { peer: PeerId; source: Source } | undefined {
    let least: { peer: PeerId; source: Source } | undefined;
    for (const [peer, source] of this.#awake()) {
      const load = source.inFlight.size;
      if (load < source.window && load < (least?.source.inFlight.size ?? Infinity)) least = { peer, source };
    }
    return least;
  }

  #nextIndex(): number | undefined {
    let index = this.#todo.pop();
    while (index !== undefined && this.#states[index] !== 'todo') index = this.#todo.pop();
    return index;
  }

  #giveBack(index: number): void {
    if (this.#states[index] !== 'asked' || this.#holders(index).length > 0) return;
    this.#states[index] = 'todo';
    this.#todo.push(index);
  }

  #holders(index: number): number[] {
    return [...this.#sources.values()].flatMap(({ inFlight }) => inFlight.get(index) ?? []);
  }

  #askOverdueAgain(now: number): void {
    for (const [peer, source] of this.#awake()) {
      if (source.inFlight.size > 0) continue;
      const overdue = this.#states.findIndex((state, index) => {
        const holders = state === 'asked' ? this.#holders(index) : [];
        return holders.length === 1 && now - (holders[0] ?? now) >= overdueMs;
      });
      if (overdue >= 0) this.#ask(peer, source, overdue);
    }
  }
}
