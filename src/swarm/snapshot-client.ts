import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import type { Verdict } from '../base/verdict.ts';
import { merkleRoot, type Hash } from './merkle.ts';
import type { Message, PieceMessage, SnapshotMessage } from './protocol.ts';
import { SnapshotDownload, type CatchUp } from './snapshot-download.ts';
import {
  headerProblem,
  pickHeader,
  sameHeader,
  type Announcement,
  type SnapshotHeader,
} from './snapshot-header.ts';
import { Debts, Distrust } from './snapshot-trust.ts';

/** A snapshot whose every piece matches its header's root. Whether the bytes have the state's digest is for the caller to check. */
export interface ReceivedSnapshot extends Omit<SnapshotHeader, 'totalBytes'> {
  readonly bytes: Bytes;
  /** Peers that gave pieces. */
  readonly from: readonly PeerId[];
}

export interface SnapshotClientOptions {
  readonly clock: Clock;
  readonly sha256: Hash;
  /** What it returns is not looked at: what was not taken is asked for again. */
  readonly send: (to: PeerId, message: Message) => unknown;
  /** Linked peers that stand in the run. */
  readonly sources: () => readonly PeerId[];
  readonly maxBytes: number;
  /** Why no honest peer announces this (a context that cannot be, say), or undefined. Asked before a header counts. */
  readonly inspect?: (header: SnapshotHeader) => MaybePromise<string | undefined>;
  /** Called once for each start, with the client stopped again. */
  readonly received: (snapshot: ReceivedSnapshot) => void;
  readonly changed: () => void;
}

const tickMs = 500;
/** From the first header until one is chosen, unless all that were asked answer sooner. */
const collectMs = 300;
/** A peer that gave no header is asked again after this long. */
const headerRetryMs = 5_000;
/** How long before peers that were wrong are asked again, if there is nobody else. */
const wrongPauseMs = 2_000;

interface Source {
  askedMs: number;
  header: SnapshotHeader | undefined;
}

/**
 * The taking side: asks every source which snapshot it has, takes the one that most announce, and pulls its pieces from all
 * of those at once. It goes on until it has one: with later joiners, with another snapshot, with whoever is left.
 */
export class SnapshotClient {
  readonly #options: SnapshotClientOptions;
  readonly #sources = new Map<PeerId, Source>();
  readonly #debts = new Debts();
  readonly #distrust = new Distrust();
  #prefer: ReadonlySet<PeerId> = new Set();
  #active = false;
  /** The first headers have been waited for. */
  #collected = false;
  #download: SnapshotDownload | undefined;
  /** Only those that were wrong are left, and the pause is over. */
  #evenWrong = false;
  #last: { readonly header: SnapshotHeader; readonly from: readonly PeerId[] } | undefined;
  #cancelTick: () => void = () => undefined;
  #cancelCollect: (() => void) | undefined;
  #cancelPause: (() => void) | undefined;

  constructor(options: SnapshotClientOptions) {
    this.#options = options;
  }

  get active(): boolean {
    return this.#active;
  }

  /** Undefined until a snapshot is chosen. */
  get progress(): CatchUp | undefined {
    return this.#download?.progress;
  }

  /** Starts to fetch, from the beginning. `prefer` breaks a tie between snapshots that equally many peers announce. */
  start(prefer: readonly PeerId[] = []): void {
    this.stop();
    this.#active = true;
    this.#prefer = new Set(prefer);
    this.#tick();
  }

  /** Call when a peer turned up. */
  proceed(): void {
    if (!this.#active) return;
    this.#ask();
    this.#decide();
  }

  peerDown(peer: PeerId): void {
    this.#debts.forget(peer);
    this.#drop(peer);
    this.#decide();
  }

  /** The last snapshot, which these peers gave, was not what it should be: neither it nor they are chosen while there are others. */
  markWrong(peers: readonly PeerId[]): void {
    for (const peer of peers) this.#markWrong(peer);
    const { header, from } = this.#last ?? {};
    if (header !== undefined && (from?.length === 0 || peers.some((peer) => from?.includes(peer))))
      this.#distrust.addHeader(header);
    this.#decide();
  }

  /** A snapshot message. */
  takeHeader(from: PeerId, message: SnapshotMessage): MaybePromise<Verdict> {
    // A server that has dropped a snapshot answers a request for its pieces with what it has now.
    if (!this.#debts.settle(from, 'header') && !this.#debts.settle(from, 'piece'))
      return { rejected: 'snapshot-unasked' };
    const source = this.#sources.get(from);
    if (source === undefined) return 'ignored';
    const problem = headerProblem(message, this.#options.maxBytes);
    if (problem !== undefined) return this.#refuse(from, problem);
    const { round, record, state, totalBytes, leaves, context } = message;
    return chain(merkleRoot(leaves, this.#options.sha256), (root) => {
      const header = { round, record, state, totalBytes, leaves, context, root };
      return chain(this.#options.inspect?.(header), (why) => {
        if (why !== undefined) return this.#refuse(from, why);
        if (this.#sources.get(from) !== source) return 'ignored'; // it went while we hashed
        if (source.header !== undefined && !sameHeader(source.header, header)) this.#download?.remove(from);
        source.header = header;
        this.#decide();
        return 'applied';
      });
    });
  }

  takePiece(from: PeerId, { root, index, bytes }: PieceMessage): MaybePromise<Verdict> {
    if (!this.#debts.settle(from, 'piece')) return { rejected: 'piece-unasked' };
    const download = this.#download;
    if (download === undefined || download.header.root !== root) return 'ignored';
    return chain(download.take(from, index, bytes), (verdict) => {
      if (typeof verdict === 'object') return this.#refuse(from, verdict.rejected);
      if (download !== this.#download) return 'ignored';
      const { whole } = download;
      if (whole === undefined) download.pump();
      else this.#finish(download, whole);
      this.#options.changed();
      return verdict;
    });
  }

  stop(): void {
    this.#active = false;
    this.#collected = false;
    this.#evenWrong = false;
    this.#download = undefined;
    this.#sources.clear();
    this.#cancelTick();
    this.#cancelCollect?.();
    this.#cancelCollect = undefined;
    this.#cancelPause?.();
    this.#cancelPause = undefined;
  }

  #tick(): void {
    this.#cancelTick = this.#options.clock.after(tickMs, () => {
      this.#tick();
    });
    for (const peer of this.#download?.tick() ?? []) this.#drop(peer, true);
    this.proceed();
    if (this.#download !== undefined) this.#options.changed();
  }

  /** Asks who has not been asked, or not answered for long; forgets who is no longer listed. */
  #ask(): void {
    const now = this.#options.clock.now();
    const listed = new Set(this.#options.sources());
    for (const peer of [...this.#sources.keys()]) if (!listed.has(peer)) this.#drop(peer);
    for (const peer of listed) {
      const source = this.#sources.get(peer);
      if (source === undefined || (source.header === undefined && now - source.askedMs >= headerRetryMs))
        this.#askHeader(peer);
    }
  }

  #askHeader(peer: PeerId): void {
    this.#sources.set(peer, { askedMs: this.#options.clock.now(), header: undefined });
    this.#debts.add(peer, 'header');
    this.#options.send(peer, { kind: 'want-snapshot' });
  }

  /** Takes the peer out of the download. `keep`: it stays known, to be asked for a header again in a while. */
  #drop(peer: PeerId, keep = false): void {
    this.#download?.remove(peer);
    if (keep && this.#sources.has(peer))
      this.#sources.set(peer, { askedMs: this.#options.clock.now(), header: undefined });
    else this.#sources.delete(peer);
  }

  #markWrong(peer: PeerId): void {
    this.#distrust.addPeer(peer);
    this.#drop(peer, true);
  }

  #refuse(peer: PeerId, reason: string): Verdict {
    this.#markWrong(peer);
    this.#decide();
    return { rejected: reason };
  }

  #finish(download: SnapshotDownload, bytes: Bytes): void {
    const { header, givers } = download;
    this.#last = { header, from: givers };
    this.stop();
    const { round, record, state, leaves, context, root } = header;
    this.#options.received({ round, record, state, leaves, context, root, bytes, from: givers });
  }

  #announced(): readonly Announcement[] {
    return [...this.#sources].flatMap(([peer, { header }]) =>
      header === undefined ? [] : [{ peer, header }],
    );
  }

  /** What may be chosen: if nothing else is announced and the pause is over, even what was wrong. */
  #eligible(): readonly Announcement[] {
    const announced = this.#announced();
    const clean = this.#distrust.clean(announced);
    if (clean.length > 0) this.#evenWrong = false;
    if (!this.#evenWrong) return clean;
    const untried = this.#distrust.untried(announced);
    return untried.length > 0 ? untried : announced;
  }

  /** Goes on with the snapshot chosen while somebody announces it, else chooses one. */
  #decide(): void {
    if (!this.#active) return;
    const eligible = this.#eligible();
    if (eligible.length === 0) {
      this.#collected = false;
      if (
        this.#announced().length > 0 ||
        [...this.#sources.keys()].some((peer) => this.#distrust.hasPeer(peer))
      )
        this.#pause();
      return;
    }
    const current = this.#download?.header;
    const kept = current !== undefined && eligible.some(({ header }) => sameHeader(header, current));
    if (!kept && !this.#hasCollected()) return;
    const header = kept ? current : pickHeader(eligible, this.#prefer);
    if (header === undefined) return;
    const { clock, sha256, send } = this.#options;
    if (!kept) {
      const ask = (peer: PeerId, root: Digest, index: number): void => {
        this.#debts.add(peer, 'piece');
        send(peer, { kind: 'want-piece', root, index });
      };
      this.#download = new SnapshotDownload({ clock, sha256, header, ask });
    }
    for (const one of eligible) if (sameHeader(one.header, header)) this.#download?.add(one.peer);
    this.#download?.pump();
    if (!kept) this.#options.changed();
  }

  /** Whether all that were asked have answered, or have had the time. */
  #hasCollected(): boolean {
    const open = [...this.#sources].some(
      ([peer, { header }]) => header === undefined && (this.#evenWrong || !this.#distrust.hasPeer(peer)),
    );
    if (!open) this.#collected = true;
    if (!this.#collected)
      this.#cancelCollect ??= this.#options.clock.after(collectMs, () => {
        this.#cancelCollect = undefined;
        this.#collected = true;
        this.#decide();
      });
    return this.#collected;
  }

  /** Asks those that were wrong again after a while, if there is still nobody else. */
  #pause(): void {
    this.#cancelPause ??= this.#options.clock.after(wrongPauseMs, () => {
      this.#cancelPause = undefined;
      if (this.#eligible().length > 0) return;
      this.#evenWrong = true;
      for (const [peer, { header }] of [...this.#sources])
        if (header !== undefined || this.#distrust.hasPeer(peer)) this.#askHeader(peer);
    });
  }
}
