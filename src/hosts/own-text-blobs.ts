import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { digestOf } from '../base/digest.ts';
import type { Digest } from '../base/ids.ts';
import { BlobExchange, type BlobExchangeOptions } from '../swarm/blob-exchange.ts';
import type { Transport } from '../swarm/transport.ts';
import type { TextShelf } from './own-text-shelf.ts';

export interface RunBlobsOptions extends Omit<BlobExchangeOptions, 'held'> {
  readonly shelf: TextShelf;
  /** What the shelf keeps for this run and others are given: its text by corpus id, the weights it starts from by their root. */
  readonly collections: readonly Digest[];
}

/** How often what the run uses is marked as used, so that it is not the next to go. */
const usedEveryMs = 600_000;
/** For so long what the shelf does not list is not looked for again for others. */
const listedMs = 10_000;

/** Blobs of one run: from this browser's shelf, else from the other volunteers, who are given what is here of that run. */
export class RunBlobs {
  readonly #shelf: TextShelf;
  readonly #collections: readonly Digest[];
  readonly #exchange: BlobExchange;
  readonly #clock: Clock;
  #usedMs = -Infinity;
  /** What the shelf has taken here. */
  readonly #put = new Set<Digest>();
  /** What the shelf said that it has, and when it was asked. */
  #listed: { readonly digests: Promise<ReadonlySet<Digest>>; readonly atMs: number } | undefined;
  /** What the shelf did not take. */
  readonly #loose = new Map<Digest, Bytes>();

  constructor({ shelf, collections, ...links }: RunBlobsOptions) {
    this.#shelf = shelf;
    this.#collections = collections;
    this.#clock = links.clock;
    this.#exchange = new BlobExchange({ ...links, held: (digest) => this.#given(digest) });
  }

  /** For the swarm. */
  get transport(): Transport {
    return this.#exchange.transport;
  }

  /** A blob that is here and as it should be. Never rejects. */
  async held(digest: Digest): Promise<Bytes | undefined> {
    const loose = this.#loose.get(digest);
    if (loose !== undefined) return loose;
    for (const collection of this.#collections) {
      try {
        const kept = await this.#shelf.get(collection, digest);
        if (kept !== undefined && (await digestOf(kept)) === digest) return kept;
      } catch {
        return undefined; // a browser that keeps nothing
      }
    }
    return undefined;
  }

  /** Digests that the shelf says it has, right or wrong. Never rejects. */
  shelved(collection: Digest): Promise<ReadonlySet<Digest>> {
    return this.#shelf.digests(collection).catch(() => new Set<Digest>());
  }

  /** What others are given. Whatever they ask for, the shelf is only touched for what it said that it has. */
  async #given(digest: Digest): Promise<Bytes | undefined> {
    if (this.#loose.has(digest)) return this.#loose.get(digest);
    const isListed = async (): Promise<boolean> =>
      this.#put.has(digest) || (await this.#listed?.digests)?.has(digest) === true;
    if (!(await isListed())) {
      const now = this.#clock.now();
      if (this.#listed !== undefined && now - this.#listed.atMs < listedMs) return undefined;
      const lists = Promise.all(this.#collections.map((collection) => this.shelved(collection)));
      this.#listed = { digests: lists.then((all) => new Set(all.flatMap((one) => [...one]))), atMs: now };
      if (!(await isListed())) return undefined;
    }
    this.#use();
    return this.held(digest);
  }

  /** Tells the shelf now and then that all this is in use. */
  #use(): void {
    const now = this.#clock.now();
    if (now - this.#usedMs < usedEveryMs) return;
    this.#usedMs = now;
    for (const collection of this.#collections)
      this.#shelf.put(collection, new Map(), this.#collections).catch(() => undefined);
  }

  /** As BlobExchange.fetch where it is not here; then it is kept. Its length must be looked at if it comes from the shelf. */
  async get(collection: Digest, digest: Digest, bytes: number, isExact = true): Promise<Bytes> {
    this.#use();
    const kept = await this.held(digest);
    if (kept !== undefined) return kept;
    const given = await this.#exchange.fetch(digest, bytes, isExact);
    try {
      await this.#shelf.put(collection, new Map([[digest, given]]), this.#collections);
      this.#put.add(digest);
    } catch {
      this.#loose.set(digest, given); // at most as long as a text, and weights, may be
    }
    return given;
  }
}
