import { copyBytes, type Bytes } from '../base/bytes.ts';
import { digestOf } from '../base/digest.ts';
import { describeError, StarlingError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import type { Sample } from './assignment.ts';
import { manifestDigest, parseManifest, type CorpusManifest } from './manifest.ts';

/** Gets a shard's bytes from wherever the host keeps them. What it returns is checked, not trusted. */
export type FetchShard = (digest: Digest) => Promise<Uint8Array>;

/** Default bound on shards held in memory. */
const defaultCacheBytes = 8 << 20;

/** A run's text: reads samples, fetching and checking only the shards they lie in. */
export class Corpus {
  readonly manifest: CorpusManifest;
  /** The canonical digest of the manifest. */
  readonly id: Digest;
  readonly #fetchShard: FetchShard;
  readonly #cacheBytes: number;
  /** Least recently used first. */
  readonly #cache = new Map<Digest, Bytes>();
  readonly #fetching = new Map<Digest, Promise<Bytes>>();
  #bytesFetched = 0;
  #held = 0;

  private constructor(manifest: CorpusManifest, id: Digest, fetchShard: FetchShard, cacheBytes: number) {
    this.manifest = manifest;
    this.id = id;
    this.#fetchShard = fetchShard;
    this.#cacheBytes = cacheBytes;
  }

  /**
   * @param expected the corpus id that the run names; undefined where a new run is about to name it.
   * @param options.cacheBytes bound on shards held in memory; the newest one is held even if it alone exceeds it.
   * @throws StarlingError `corpus-manifest` when the manifest is malformed, `corpus-differs` when it is another one.
   */
  static async open(
    manifestBytes: Uint8Array,
    expected: Digest | undefined,
    fetchShard: FetchShard,
    options: { readonly cacheBytes?: number } = {},
  ): Promise<Corpus> {
    const parsed = parseManifest(manifestBytes);
    if (!parsed.ok) {
      throw new StarlingError(
        'corpus-manifest',
        `The corpus manifest cannot be used: ${parsed.reason}.`,
        'Build it again with `npm run corpus` where the server runs.',
      );
    }
    const id = await manifestDigest(parsed.value);
    if (expected !== undefined && id !== expected) {
      throw new StarlingError(
        'corpus-differs',
        `This server offers corpus ${id.slice(0, 12)}, but the run trains on ${expected.slice(0, 12)}.`,
        'Open the run from the server it was started on, or build the same corpus version there.',
      );
    }
    return new Corpus(parsed.value, id, fetchShard, options.cacheBytes ?? defaultCacheBytes);
  }

  /** All shard bytes received so far, refused ones included. */
  get bytesFetched(): number {
    return this.#bytesFetched;
  }

  /** Bytes of shards held in memory. */
  get bytesHeld(): number {
    return this.#held;
  }

  /**
   * The bytes of a sample, as a copy.
   * @throws StarlingError `shard-unreachable` or `shard-corrupt` after one retry.
   */
  async read(sample: Sample): Promise<Bytes> {
    const entry = this.manifest.shards[sample.shard];
    invariant(entry !== undefined, `shard ${sample.shard} of ${this.manifest.shards.length}`);
    const end = sample.offset + sample.length;
    invariant(sample.offset >= 0 && sample.length >= 0 && end <= entry.bytes, 'a sample inside its shard');
    return copyBytes((await this.#shard(entry.digest)).subarray(sample.offset, end));
  }

  /** Fetches the shards of samples that will be read soon. Never rejects: a failure shows when they are read. */
  async prefetch(samples: readonly Sample[]): Promise<void> {
    const digests = new Set(samples.map((sample) => this.manifest.shards[sample.shard].digest));
    await Promise.allSettled([...digests].map((digest) => this.#shard(digest)));
  }

  async #shard(digest: Digest): Promise<Bytes> {
    const held = this.#cache.get(digest);
    if (held !== undefined) {
      this.#cache.delete(digest);
      this.#cache.set(digest, held);
      return held;
    }
    const underWay = this.#fetching.get(digest);
    if (underWay !== undefined) return underWay;
    const fetching = this.#fetchChecked(digest).finally(() => this.#fetching.delete(digest));
    this.#fetching.set(digest, fetching);
    return fetching;
  }

  async #fetchChecked(digest: Digest): Promise<Bytes> {
    let problem: StarlingError | undefined;
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const bytes = copyBytes(await this.#fetchShard(digest));
        this.#bytesFetched += bytes.length;
        if ((await digestOf(bytes)) === digest) return this.#keep(digest, bytes);
        problem = new StarlingError(
          'shard-corrupt',
          `Text shard ${digest.slice(0, 12)} arrived damaged twice: its bytes have another SHA-256.`,
          'Reload the page past its cache; if it persists, rebuild the corpus with `npm run corpus`.',
        );
      } catch (cause) {
        problem = new StarlingError(
          'shard-unreachable',
          `Text shard ${digest.slice(0, 12)} cannot be fetched: ${describeError(cause)}.`,
          'Check that the server is running and reachable, then try again.',
          { cause },
        );
      }
    }
    throw problem ?? new Error('unreachable: two attempts were made');
  }

  #keep(digest: Digest, bytes: Bytes): Bytes {
    this.#cache.set(digest, bytes);
    this.#held += bytes.length;
    for (const [oldest, dropped] of this.#cache) {
      if (this.#held <= this.#cacheBytes || oldest === digest) break;
      this.#cache.delete(oldest);
      this.#held -= dropped.length;
    }
    return bytes;
  }
}
