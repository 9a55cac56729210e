import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import type { Contribution } from './swarm-api.ts';

/** A contribution and the signed message it came in, which is handed on as it is. */
export interface Body {
  readonly contribution: Contribution;
  readonly raw: Bytes;
  /** Clock time at which it was here and checked. */
  readonly atMs: number;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  /** Sends a want-contribution. */
  readonly ask: (peer: PeerId, round: number, digest: Digest) => void;
  /** Who can be asked: linked peers. */
  readonly peers: () => readonly PeerId[];
}

interface Wanted {
  readonly round: number;
  /** Asked first: it showed that it has the body. */
  readonly first: PeerId;
  asked: number;
  cancel: () => void;
}

/** A body may still be on its way from its author when a record names it. */
const firstAskMs = 50;
const retryMs = 500;

/** The bodies of contributions, by digest, and the search for those that a record names and we lack. */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #bodies = new Map<Digest, Body>();
  readonly #wanted = new Map<Digest, Wanted>();

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Bodies held. */
  get size(): number {
    return this.#bodies.size;
  }

  get(digest: Digest): Body | undefined {
    return this.#bodies.get(digest);
  }

  isWanted(digest: Digest): boolean {
    return this.#wanted.has(digest);
  }

  add(body: Body): void {
    this.#bodies.set(body.contribution.digest, body);
    this.#stopWanting(body.contribution.digest);
  }

  drop(digest: Digest): void {
    this.#bodies.delete(digest);
  }

  /** Asks `first`, then every linked peer in turn, until the body is added or its round dropped. */
  want(round: number, digests: readonly Digest[], first: PeerId): void {
    for (const digest of digests) {
      if (this.#bodies.has(digest) || this.#wanted.has(digest)) continue;
      const wanted: Wanted = { round, first, asked: 0, cancel: () => undefined };
      this.#wanted.set(digest, wanted);
      this.#askLater(digest, wanted, firstAskMs);
    }
  }

  /** The round is decided: only the bodies its record names stay. */
  settle(round: number, named: ReadonlySet<Digest>): void {
    for (const [digest, { contribution }] of this.#bodies) {
      if (contribution.round === round && !named.has(digest)) this.#bodies.delete(digest);
    }
    for (const [digest, wanted] of this.#wanted) if (wanted.round <= round) this.#stopWanting(digest);
  }

  /** Forgets all rounds before `round`. */
  dropBelow(round: number): void {
    for (const [digest, { contribution }] of this.#bodies) {
      if (contribution.round < round) this.#bodies.delete(digest);
    }
  }

  clear(): void {
    this.#bodies.clear();
    for (const digest of [...this.#wanted.keys()]) this.#stopWanting(digest);
  }

  #stopWanting(digest: Digest): void {
    this.#wanted.get(digest)?.cancel();
    this.#wanted.delete(digest);
  }

  #askLater(digest: Digest, wanted: Wanted, delayMs: number): void {
    wanted.cancel = this.#options.clock.after(delayMs, () => {
      const linked = this.#options.peers();
      const order = linked.includes(wanted.first)
        ? [wanted.first, ...linked.filter((peer) => peer !== wanted.first)]
        : linked;
      const peer = order[wanted.asked++ % Math.max(1, order.length)];
      if (peer !== undefined) this.#options.ask(peer, wanted.round, digest);
      this.#askLater(digest, wanted, retryMs);
    });
  }
}
