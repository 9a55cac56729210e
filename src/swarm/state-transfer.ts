import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import type { Verdict } from '../base/verdict.ts';
import type { Member } from './membership.ts';
import { limits, type Message, type PieceMessage, type SnapshotMessage } from './protocol.ts';

/** A replica after `round`, as its members hold it. */
export interface Snapshot {
  readonly round: number;
  readonly record: Digest;
  readonly state: string;
  readonly members: readonly Member[];
  readonly bytes: Bytes;
}

type Send = (to: PeerId, message: Message) => void;

/** A served peer that asks for nothing for this long is forgotten, and with it the snapshot. */
const servedIdleMs = 60_000;
/** Pieces a joiner asks for ahead. */
const piecesAhead = 4;
/** Without the next piece for this long, a joiner asks another peer. */
const pieceTimeoutMs = 10_000;
/** How long before a peer that gave a wrong snapshot is asked again, if there is nobody else. */
const wrongPauseMs = 2_000;

/** The giving side: who waits for a snapshot, and the pieces of those in service. */
export class SnapshotServer {
  readonly #clock: Clock;
  readonly #send: Send;
  readonly #waiting = new Set<PeerId>();
  readonly #served = new Map<PeerId, { readonly snapshot: Snapshot; cancelIdle: () => void }>();

  constructor(clock: Clock, send: Send) {
    this.#clock = clock;
    this.#send = send;
  }

  get wanted(): boolean {
    return this.#waiting.size > 0;
  }

  /** The round of the oldest snapshot in service: the records after it must stay. */
  get oldestRound(): number | undefined {
    const rounds = [...this.#served.values()].map(({ snapshot }) => snapshot.round);
    return rounds.length === 0 ? undefined : Math.min(...rounds);
  }

  /** A peer asks. It gets the snapshot in service if `usable` says that it can follow from there, else the next one. */
  want(peer: PeerId, usable: (round: number) => boolean): void {
    const current = [...this.#served.values()]
      .map(({ snapshot }) => snapshot)
      .find(({ round }) => usable(round));
    if (current === undefined) this.#waiting.add(peer);
    else this.#serve(peer, current);
  }

  offer(snapshot: Snapshot): void {
    for (const peer of this.#waiting) this.#serve(peer, snapshot);
    this.#waiting.clear();
  }

  piece(peer: PeerId, round: number, index: number): Verdict {
    const served = this.#served.get(peer);
    if (served === undefined || served.snapshot.round !== round) return 'ignored';
    const { bytes } = served.snapshot;
    const start = index * limits.pieceBytes;
    if (start >= bytes.length) return { rejected: 'want-piece-out-of-range' };
    this.#keepServing(peer, served.snapshot);
    this.#send(peer, {
      kind: 'piece',
      round,
      index,
      bytes: bytes.subarray(start, start + limits.pieceBytes),
    });
    return 'applied';
  }

  /** The peer is gone, or stands on its own feet. */
  forget(peer: PeerId): void {
    this.#waiting.delete(peer);
    this.#served.get(peer)?.cancelIdle();
    this.#served.delete(peer);
  }

  close(): void {
    for (const peer of [...this.#served.keys()]) this.forget(peer);
    this.#waiting.clear();
  }

  #serve(peer: PeerId, snapshot: Snapshot): void {
    this.#keepServing(peer, snapshot);
    this.#send(peer, {
      kind: 'snapshot',
      round: snapshot.round,
      record: snapshot.record,
      state: snapshot.state,
      totalBytes: snapshot.bytes.length,
      members: snapshot.members.map(({ publicKey, joinedRound }) => ({ publicKey, joinedRound })),
    });
  }

  #keepServing(peer: PeerId, snapshot: Snapshot): void {
    this.#served.get(peer)?.cancelIdle();
    const cancelIdle = this.#clock.after(servedIdleMs, () => {
      this.#served.delete(peer);
    });
    this.#served.set(peer, { snapshot, cancelIdle });
  }
}

export interface SnapshotClientOptions {
  readonly clock: Clock;
  readonly send: Send;
  /** Linked peers that stand in the run. */
  readonly sources: () => readonly PeerId[];
  readonly maxBytes: number;
  /** How long a peer may take to answer: it can only give a snapshot between two rounds. */
  readonly offerTimeoutMs: number;
  readonly received: (snapshot: Snapshot) => void;
  readonly changed: () => void;
}

interface Download {
  readonly header: SnapshotMessage;
  readonly members: readonly Member[];
  readonly pieces: Bytes[];
  asked: number;
  bytes: number;
}

/** The taking side: asks one peer, and the next one if that one is silent, gone, or was wrong before. */
export class SnapshotClient {
  readonly #options: SnapshotClientOptions;
  readonly #wrong = new Set<PeerId>();
  readonly #tried = new Set<PeerId>();
  #prefer: readonly PeerId[] = [];
  #active = false;
  #from: PeerId | undefined;
  #download: Download | undefined;
  #cancelTimeout: () => void = () => undefined;
  #cancelPause: (() => void) | undefined;
  #lastSource: PeerId | undefined;

  constructor(options: SnapshotClientOptions) {
    this.#options = options;
  }

  get progress(): { readonly bytes: number; readonly totalBytes: number } | undefined {
    if (this.#download === undefined) return undefined;
    return { bytes: this.#download.bytes, totalBytes: this.#download.header.totalBytes };
  }

  /** The peer that is being asked. */
  get source(): PeerId | undefined {
    return this.#from;
  }

  /** Who gave the newest snapshot. */
  get lastSource(): PeerId | undefined {
    return this.#lastSource;
  }

  /** Starts to fetch, from `prefer` first; from those that were marked wrong only if there is nobody else. */
  start(prefer: readonly PeerId[] = []): void {
    this.#active = true;
    this.#prefer = prefer;
    this.#tried.clear();
    this.#from = undefined;
    this.#download = undefined;
    this.proceed();
  }

  markWrong(peer: PeerId): void {
    this.#wrong.add(peer);
  }

  /** Asks somebody if nobody is being asked: call when a peer turned up. One that was wrong is asked after a pause. */
  proceed(evenWrong = false): void {
    if (!this.#active || this.#from !== undefined) return;
    const sources = this.#options.sources();
    let open = sources.filter((peer) => !this.#tried.has(peer));
    if (open.length === 0) {
      this.#tried.clear();
      open = [...sources];
    }
    const cost = (peer: PeerId): number => (this.#wrong.has(peer) ? 2 : this.#prefer.includes(peer) ? 0 : 1);
    const peer = open.sort((a, b) => cost(a) - cost(b) || (a < b ? -1 : 1))[0];
    if (peer === undefined) return;
    if (this.#wrong.has(peer) && !evenWrong) {
      this.#cancelPause ??= this.#options.clock.after(wrongPauseMs, () => {
        this.#cancelPause = undefined;
        this.proceed(true);
      });
      return;
    }
    this.#from = peer;
    this.#tried.add(peer);
    this.#options.send(peer, { kind: 'want-snapshot' });
    this.#giveUpAfter(this.#options.offerTimeoutMs);
  }

  peerDown(peer: PeerId): void {
    if (peer === this.#from) this.#next();
  }

  /** `members`: those of the header, with ids computed from their keys, sorted by id. */
  takeHeader(from: PeerId, header: SnapshotMessage, members: readonly Member[]): Verdict {
    if (!this.#active || from !== this.#from || this.#download !== undefined)
      return { rejected: 'snapshot-unasked' };
    if (header.totalBytes > this.#options.maxBytes) return this.#refuse('snapshot-too-long');
    if (header.totalBytes === 0 || members.length === 0) return this.#refuse('snapshot-empty');
    if (new Set(members.map(({ id }) => id)).size !== members.length)
      return this.#refuse('snapshot-members-twice');
    this.#download = { header, members, pieces: [], asked: 0, bytes: 0 };
    this.#askPieces(this.#download, from);
    return 'applied';
  }

  takePiece(from: PeerId, message: PieceMessage): Verdict {
    const download = this.#download;
    if (from !== this.#from || download === undefined || download.header.round !== message.round)
      return { rejected: 'piece-unasked' };
    // Asked for in order over a link that keeps order, so the next piece is the only one that can come.
    if (message.index !== download.pieces.length || message.index >= download.asked)
      return { rejected: 'piece-unasked' };
    const left = download.header.totalBytes - download.bytes;
    if (message.bytes.length !== Math.min(left, limits.pieceBytes)) return this.#refuse('piece-wrong-length');
    download.pieces.push(message.bytes);
    download.bytes += message.bytes.length;
    if (download.bytes < download.header.totalBytes) this.#askPieces(download, from);
    else this.#finish(download, from);
    this.#options.changed();
    return 'applied';
  }

  stop(): void {
    this.#active = false;
    this.#cancelPause?.();
    this.#cancelPause = undefined;
    this.#cancelTimeout();
    this.#from = undefined;
    this.#download = undefined;
  }

  #askPieces(download: Download, from: PeerId): void {
    const count = Math.ceil(download.header.totalBytes / limits.pieceBytes);
    const { round } = download.header;
    while (download.asked < Math.min(count, download.pieces.length + piecesAhead)) {
      this.#options.send(from, { kind: 'want-piece', round, index: download.asked++ });
    }
    this.#giveUpAfter(pieceTimeoutMs);
  }

  #finish(download: Download, from: PeerId): void {
    const bytes = new Uint8Array(download.header.totalBytes);
    let at = 0;
    for (const piece of download.pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    const { round, record, state } = download.header;
    this.stop();
    this.#lastSource = from;
    this.#options.received({ round, record, state, members: download.members, bytes });
  }

  #refuse(reason: string): Verdict {
    if (this.#from !== undefined) this.#wrong.add(this.#from);
    this.#next();
    return { rejected: reason };
  }

  #next(): void {
    this.#cancelTimeout();
    this.#from = undefined;
    this.#download = undefined;
    this.proceed();
  }

  #giveUpAfter(ms: number): void {
    this.#cancelTimeout();
    this.#cancelTimeout = this.#options.clock.after(ms, () => {
      this.#next();
    });
  }
}
