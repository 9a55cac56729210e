import type { Bytes } from '../base/bytes.ts';
import { pause, type Clock } from '../base/clock.ts';
import { describeError, StarlingError } from '../base/errors.ts';
import { isDigest, type Digest } from '../base/ids.ts';
import { manifestDigest, parseManifest, type CorpusManifest } from '../data/manifest.ts';
import { ownTextLimits } from '../data/own-text-limits.ts';
import { mostBlobBytes } from '../swarm/blob-codec.ts';
import type { BlobExchangeOptions } from '../swarm/blob-exchange.ts';
import type { Platform } from '../volunteer/platform.ts';
import type { RunStart } from '../volunteer/start-weights.ts';
import { RunBlobs } from './own-text-blobs.ts';
import type { TextShelf } from './own-text-shelf.ts';
import { FetchProgress, type Fetch } from './own-text-progress.ts';
import { fetchStartFrom } from './own-text-start.ts';

export interface RunTextOptions extends Omit<BlobExchangeOptions, 'held'> {
  /** The corpus id, and the weights it starts from, that the run names. */
  readonly config: { readonly corpus: Digest; readonly start?: RunStart };
  /** Reads a file of the built-in corpus by name; rejects where there is none. */
  readonly server: (name: string) => Promise<Bytes>;
  readonly shelf: TextShelf;
  /** Whether data may be used for text that is not needed yet; absent: always. */
  readonly mayFetchAhead?: () => boolean;
}

/** Shards fetched ahead at a time, so that the text outlives whoever gave it; what training asks for has the rest of a link. */
const aheadAtOnce = 2;
/** How long until fetching ahead is tried again after nobody gave anything, or it was not wanted. */
const aheadRetryMs = 30_000;
/** How long a server may be silent until the others are asked too, and how long until one that did not answer is asked again. */
const serverPatienceMs = 4_000;

/**
 * What a run is made of from wherever it is. Its text: the server if the run is on its built-in corpus; else this browser, if the
 * text was cut or fetched here before; else the other volunteers. Its first weights, if it names any: this browser, or the others.
 * Gives the others what it has of both. `transport` is for the swarm.
 */
export function openRunText(
  options: RunTextOptions,
): Pick<Platform, 'transport' | 'fetchCorpus'> &
  Required<Pick<Platform, 'fetchStart' | 'onFetching' | 'servedBytes'>> {
  const { config, shelf, ...rest } = options;
  const { transport, clock, sha256 } = rest;
  const { corpus, start } = config;
  const collections = start === undefined ? [corpus] : [corpus, start.root];
  const blobs = new RunBlobs({ transport, clock, ...(sha256 && { sha256 }), shelf, collections });
  const progress = new FetchProgress(clock, () => transport.peers().length);
  let served = 0;
  // Also what turns out to be of another text: it was paid for.
  const server = async (name: string): Promise<Bytes> => {
    const bytes = await rest.server(name);
    served += bytes.length;
    return bytes;
  };
  const text = new RunText(blobs, corpus, progress, { ...rest, server });
  return {
    transport: blobs.transport,
    fetchCorpus: (name) => text.read(name),
    fetchStart: (from, enough) => fetchStartFrom(blobs, from, progress, enough),
    onFetching: (listener) => progress.listen(listener),
    servedBytes: () => served,
  };
}

type TextOptions = Pick<RunTextOptions, 'server' | 'clock' | 'mayFetchAhead'>;

class RunText {
  readonly #corpus: Digest;
  readonly #server: (name: string) => Promise<Bytes>;
  readonly #clock: Clock;
  readonly #mayFetchAhead: () => boolean;
  readonly #blobs: RunBlobs;
  readonly #progress: FetchProgress;
  /** Undefined while that is not known, and for the built-in corpus. */
  #manifest: CorpusManifest | undefined;

  constructor(blobs: RunBlobs, corpus: Digest, progress: FetchProgress, options: TextOptions) {
    this.#blobs = blobs;
    this.#corpus = corpus;
    this.#progress = progress;
    this.#server = options.server;
    this.#clock = options.clock;
    this.#mayFetchAhead = options.mayFetchAhead ?? ((): boolean => true);
  }

  /** `manifest.json` or `<digest>.bin`, as Platform.fetchCorpus. */
  read(name: string): Promise<Bytes> {
    if (name === 'manifest.json') return this.#readManifest();
    const digest = name.replace(/\.bin$/, '');
    return this.#manifest === undefined || !isDigest(digest)
      ? this.#server(name)
      : this.#readShard(digest, this.#manifest);
  }

  async #readManifest(): Promise<Bytes> {
    const kept = await this.#blobs.held(this.#corpus);
    if (kept !== undefined) return this.#begin(kept);
    const fetch = this.#progress.begin('text', 'server');
    const asking = new AbortController();
    try {
      return await this.#fetchManifest(fetch, asking.signal);
    } finally {
      asking.abort();
      fetch.end();
    }
  }

  /** From the server; where it is silent also from the others, and where it has another text only from them. */
  async #fetchManifest(fetch: Fetch, over: AbortSignal): Promise<Bytes> {
    let why: StarlingError | undefined;
    let silent = (): void => undefined;
    const patience = new Promise<undefined>((resolve) => {
      silent = () => resolve(undefined);
      this.#clock.after(serverPatienceMs, silent);
    });
    const fromServer = this.#askServer(over, (thrown) => {
      why = thrown;
      silent();
    });
    const early = await Promise.race([fromServer, patience]);
    if (early instanceof Uint8Array) return early;
    fetch.asks(early === 'another' ? 'others' : 'both');
    const own = this.#fromOthers(() => why).then((bytes) => () => this.#begin(bytes));
    const served = fromServer.then((answer) => {
      if (answer instanceof Uint8Array) return () => answer;
      fetch.asks('others');
      why = undefined;
      return own;
    });
    return (await Promise.race([own, served]))();
  }

  /** The server's manifest if it is the run's, or that it has another; a server that does not answer is asked again. */
  async #askServer(over: AbortSignal, failed: (why: StarlingError) => void): Promise<Bytes | 'another'> {
    for (;;) {
      const answer = await this.#builtIn();
      if (!(answer instanceof StarlingError)) return answer ?? 'another';
      failed(answer);
      await pause(this.#clock, serverPatienceMs);
      if (over.aborted) return 'another';
    }
  }

  /** `why`: why the server did not give it, where it did not answer. */
  async #fromOthers(why: () => StarlingError | undefined): Promise<Bytes> {
    try {
      return await this.#blobs.get(this.#corpus, this.#corpus, mostBlobBytes, false);
    } catch (thrown) {
      if (!(thrown instanceof StarlingError && thrown.code === 'blob-nowhere')) throw thrown;
      // Nobody knows then whose text it is.
      throw (
        why() ??
        new StarlingError(
          'text-nowhere',
          'This run trains on a text of its own, and nobody who is here gave it for a minute.',
          'Wait until somebody who trains is here, then join again.',
          { cause: thrown },
        )
      );
    }
  }

  /** The server's manifest, if that is the run's text; why there is none, or undefined if it is of another. */
  async #builtIn(): Promise<Bytes | StarlingError | undefined> {
    let bytes: Bytes;
    try {
      bytes = await this.#server('manifest.json');
    } catch (thrown) {
      return thrown instanceof StarlingError
        ? thrown
        : new StarlingError(
            'corpus-unreachable',
            describeError(thrown),
            'Check the connection, then join again.',
          );
    }
    const parsed = parseManifest(bytes);
    return parsed.ok && (await manifestDigest(parsed.value)) === this.#corpus ? bytes : undefined;
  }

  /** The text is not the server's: its shards are here, or come from the others. */
  #begin(bytes: Bytes): Bytes {
    const manifest = ownManifest(bytes);
    const isFirst = this.#manifest === undefined;
    this.#manifest = manifest;
    if (isFirst) void this.#fetchAhead(manifest);
    return bytes;
  }

  #readShard(digest: Digest, manifest: CorpusManifest): Promise<Bytes> {
    const entry = manifest.shards.find((shard) => shard.digest === digest);
    return entry === undefined
      ? Promise.reject(new StarlingError('shard-unknown', 'No such shard.', 'Report it.'))
      : this.#blobs.get(this.#corpus, digest, entry.bytes);
  }

  /** All of the text, so that the run can go on when those who have it now are gone. */
  async #fetchAhead(manifest: CorpusManifest): Promise<void> {
    const kept = await this.#blobs.shelved(this.#corpus);
    const missing = [...new Map(manifest.shards.map((entry) => [entry.digest, entry.bytes]))].filter(
      ([digest]) => !kept.has(digest),
    );
    if (missing.length === 0) return;
    const fetch = this.#progress.begin('text', 'others');
    fetch.whole(missing.reduce((sum, [, bytes]) => sum + bytes, 0));
    const worker = async (): Promise<void> => {
      for (let next = missing.shift(); next !== undefined; next = missing.shift()) {
        const [digest, bytes] = next;
        try {
          while (!this.#mayFetchAhead()) await pause(this.#clock, aheadRetryMs);
          await this.#readShard(digest, manifest);
          fetch.got(bytes);
        } catch (thrown) {
          if (thrown instanceof StarlingError && thrown.code === 'blob-closed') return;
          missing.push(next);
          await pause(this.#clock, aheadRetryMs);
        }
      }
    };
    await Promise.all(Array.from({ length: aheadAtOnce }, worker));
    fetch.end();
  }
}

/**
 * A manifest of text that somebody brought. Its digest says that it is the run's, not that whoever began the run is honest.
 * @throws StarlingError `text-refused` where it asks for more than anyone may be asked to hold.
 */
export function ownManifest(bytes: Bytes): CorpusManifest {
  const parsed = parseManifest(bytes);
  const refuse = (why: string): StarlingError =>
    new StarlingError(
      'text-refused',
      `The text of this run cannot be used: ${why}.`,
      'Join another run, or start one of your own.',
    );
  if (!parsed.ok) throw refuse(parsed.reason);
  const { shards, totals } = parsed.value;
  if (shards.some((shard) => shard.bytes > mostBlobBytes)) throw refuse('one of its parts is too long');
  // What stands between documents comes on top of what the files held.
  if (totals.trainBytes + totals.validationBytes > ownTextLimits.mostBytes + (1 << 20))
    throw refuse('it is too long');
  return parsed.value;
}
