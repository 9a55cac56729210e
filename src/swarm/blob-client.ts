import { toHex, type Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import type { Verdict } from '../base/verdict.ts';
import type { BlobMessage } from './blob-codec.ts';
import type { Hash } from './merkle.ts';

export interface BlobClientOptions {
  readonly clock: Clock;
  readonly sha256: Hash;
  /** What it returns is not looked at: what was not taken is asked for again. */
  readonly send: (to: PeerId, message: BlobMessage) => unknown;
  /** Linked peers. */
  readonly peers: () => readonly PeerId[];
}

const tickMs = 500;
/** Without an answer in this long, another peer is asked. */
const answerMs = 10_000;
/** How long a peer that was silent is asked only if there is nobody else. */
const silentMs = 30_000;
/** A peer that did not have a blob is asked for it again after this long: it may have got it since. */
const lackMs = 5_000;
/** A peer that sent other bytes than it was asked for is asked again only after this long. */
const wrongMs = 300_000;
/** Blobs asked of one peer at a time: fewer than a server lets wait (blob-server.ts). */
const mostAsked = 4;
/** Late answers that are remembered to be owed, of one peer. */
const mostOwed = 64;
/** Peers that are remembered: the oldest are forgiven. */
const mostSources = 1_024;
/** Without any blob from anybody for this long, those wanted are given up. */
const patienceMs = 60_000;

interface Want {
  readonly digest: Digest;
  readonly bytes: number;
  readonly isExact: boolean;
  readonly promise: Promise<Bytes>;
  readonly resolve: (bytes: Bytes) => void;
  readonly reject: (error: Error) => void;
  readonly sinceMs: number;
  asked: { readonly peer: PeerId; readonly atMs: number } | undefined;
  /** When each peer said that it does not have it. */
  readonly lacks: Map<PeerId, number>;
}

interface Source {
  /** Digests that it was asked for and has not answered, the oldest first. */
  readonly owed: Set<Digest>;
  silentUntilMs: number;
  wrongUntilMs: number;
}

/**
 * The taking side: asks one linked peer after another for each blob that is wanted, several peers at once for several blobs, until
 * bytes with the right SHA-256 are here. Peers that lie, fall silent or go cost time only.
 */
export class BlobClient {
  readonly #options: BlobClientOptions;
  /** In the order in which they were wanted. */
  readonly #wants = new Map<Digest, Want>();
  readonly #sources = new Map<PeerId, Source>();
  #progressMs = -Infinity;
  #cancelTick: (() => void) | undefined;
  #closed = false;

  constructor(options: BlobClientOptions) {
    this.#options = options;
  }

  /**
   * The blob with this digest. `bytes`: how long it is, or with `isExact` false may be at most.
   * @throws StarlingError `blob-nowhere` when nobody who is linked gave any blob for a minute; `blob-closed` after close().
   */
  fetch(digest: Digest, bytes: number, isExact = true): Promise<Bytes> {
    if (this.#closed) return Promise.reject(closedError());
    const underWay = this.#wants.get(digest);
    if (underWay !== undefined) return underWay.promise;
    let settle: Pick<Want, 'resolve' | 'reject'> | undefined;
    const promise = new Promise<Bytes>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const { resolve = () => undefined, reject = () => undefined } = settle ?? {};
    const sinceMs = this.#options.clock.now();
    const want = { digest, bytes, isExact, promise, resolve, reject, sinceMs };
    this.#wants.set(digest, { ...want, asked: undefined, lacks: new Map() });
    this.#tickLater();
    this.proceed();
    return promise;
  }

  /** Asks whoever can be asked: call when a peer turned up. */
  proceed(): void {
    const now = this.#options.clock.now();
    for (const want of this.#wants.values()) if (want.asked === undefined) this.#ask(want, now);
  }

  /** Takes a blob. 'rejected' means that no honest peer sends this. */
  take(from: PeerId, digest: Digest, bytes: Bytes): MaybePromise<Verdict> {
    const source = this.#sources.get(from);
    if (source?.owed.delete(digest) !== true) return { rejected: 'blob-unasked' };
    const wanted = this.#wants.get(digest);
    if (wanted === undefined) return this.#after('ignored'); // another was faster
    if (wanted.isExact ? bytes.length !== wanted.bytes : bytes.length > wanted.bytes)
      return this.#refuse(from, 'blob-wrong-length');
    return chain(this.#options.sha256(bytes), (hash): Verdict => {
      const want = this.#wants.get(digest);
      if (toHex(hash) !== digest) return this.#refuse(from, 'blob-wrong-hash');
      source.silentUntilMs = -Infinity;
      if (want === undefined) return this.#after('ignored');
      this.#progressMs = this.#options.clock.now();
      this.#wants.delete(digest);
      want.resolve(bytes);
      return this.#after('applied');
    });
  }

  /** Takes a no-blob. */
  lacks(from: PeerId, digest: Digest): Verdict {
    const source = this.#sources.get(from);
    if (source?.owed.delete(digest) !== true) return { rejected: 'no-blob-unasked' };
    source.silentUntilMs = -Infinity;
    const want = this.#wants.get(digest);
    if (want === undefined) return this.#after('ignored');
    want.lacks.set(from, this.#options.clock.now());
    if (want.asked?.peer === from) want.asked = undefined;
    return this.#after('applied');
  }

  peerDown(peer: PeerId): void {
    const source = this.#sources.get(peer);
    if (source === undefined) return;
    source.owed.clear();
    // Who lied is not forgiven for coming back on another link.
    if (source.wrongUntilMs <= this.#options.clock.now()) this.#sources.delete(peer);
    for (const want of this.#wants.values()) {
      want.lacks.delete(peer);
      if (want.asked?.peer === peer) want.asked = undefined;
    }
    this.proceed();
  }

  close(): void {
    this.#closed = true;
    this.#cancelTick?.();
    for (const want of this.#wants.values()) want.reject(closedError());
    this.#wants.clear();
    this.#sources.clear();
  }

  #refuse(from: PeerId, reason: string): Verdict {
    // Not the source that it was asked as: it may have gone, and been forgotten, while its bytes were hashed.
    this.#sourceOf(from).wrongUntilMs = this.#options.clock.now() + wrongMs;
    for (const want of this.#wants.values()) if (want.asked?.peer === from) want.asked = undefined;
    return this.#after({ rejected: reason });
  }

  #after(verdict: Verdict): Verdict {
    this.proceed();
    return verdict;
  }

  #ask(want: Want, now: number): void {
    const peer = this.#choose(want, now);
    if (peer === undefined) return;
    const source = this.#sourceOf(peer);
    const [oldest] = source.owed;
    if (source.owed.size >= mostOwed && oldest !== undefined) source.owed.delete(oldest);
    source.owed.delete(want.digest);
    source.owed.add(want.digest);
    want.asked = { peer, atMs: now };
    this.#options.send(peer, { kind: 'want-blob', digest: want.digest });
  }

  /** The linked peer with the least to do that may have it; one that was silent only if there is no other. */
  #choose(want: Want, now: number): PeerId | undefined {
    let best: { readonly peer: PeerId; readonly rank: number } | undefined;
    for (const peer of this.#options.peers()) {
      const source = this.#sources.get(peer);
      const lackedMs = want.lacks.get(peer);
      if ((source?.wrongUntilMs ?? -Infinity) > now || (lackedMs !== undefined && now - lackedMs < lackMs))
        continue;
      const load = this.#loadOf(peer);
      if (load >= mostAsked) continue;
      const isSilent = (source?.silentUntilMs ?? -Infinity) > now;
      const rank = load + (isSilent ? 2 * mostAsked : 0) + (lackedMs === undefined ? 0 : mostAsked);
      if (rank < (best?.rank ?? Infinity)) best = { peer, rank };
    }
    return best?.peer;
  }

  #loadOf(peer: PeerId): number {
    let load = 0;
    for (const { asked } of this.#wants.values()) if (asked?.peer === peer) load++;
    return load;
  }

  #sourceOf(peer: PeerId): Source {
    const source = this.#sources.get(peer) ?? {
      ...{ owed: new Set<Digest>(), silentUntilMs: -Infinity, wrongUntilMs: -Infinity },
    };
    this.#sources.set(peer, source);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > mostSources && oldest !== undefined) this.#sources.delete(oldest);
    return source;
  }

  #tickLater(): void {
    if (this.#cancelTick !== undefined || this.#wants.size === 0) return;
    this.#cancelTick = this.#options.clock.after(tickMs, () => {
      this.#cancelTick = undefined;
      this.#tick();
      this.#tickLater();
    });
  }

  #tick(): void {
    const now = this.#options.clock.now();
    for (const want of this.#wants.values()) {
      const { asked } = want;
      if (asked !== undefined && now - asked.atMs >= answerMs) {
        this.#sourceOf(asked.peer).silentUntilMs = now + silentMs;
        want.asked = undefined;
      }
      if (now - Math.max(want.sinceMs, this.#progressMs) >= patienceMs) {
        this.#wants.delete(want.digest);
        want.reject(nowhereError(want.digest));
      }
    }
    this.proceed();
  }
}

const nowhereError = (digest: Digest): StarlingError =>
  new StarlingError(
    'blob-nowhere',
    `Nobody who is connected gave ${digest.slice(0, 12)} for a minute.`,
    'Wait until a volunteer of this run is here, then join again.',
  );

const closedError = (): StarlingError =>
  new StarlingError('blob-closed', 'This volunteer has left the run.', 'Join again to go on.');
