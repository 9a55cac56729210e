import type { Bytes } from '../base/bytes.ts';
import type { Digest } from '../base/ids.ts';

/**
 * Blobs that a volunteer keeps of the texts of runs, a manifest and shards each. What it gives may be anything: whoever reads
 * checks the digest. All of it may reject where the browser keeps nothing.
 */
export interface TextShelf {
  get(corpus: Digest, digest: Digest): Promise<Bytes | undefined>;
  /** The digests of what is kept of a text. */
  digests(corpus: Digest): Promise<ReadonlySet<Digest>>;
  /** `inUse`: other texts that are not to go to make room for this. */
  put(corpus: Digest, blobs: ReadonlyMap<Digest, Bytes>, inUse?: readonly Digest[]): Promise<void>;
}

/** A shelf that lasts as long as the process. */
export function memoryTextShelf(): TextShelf {
  const texts = new Map<Digest, Map<Digest, Bytes>>();
  return {
    get: (corpus, digest) => Promise.resolve(texts.get(corpus)?.get(digest)),
    digests: (corpus) => Promise.resolve(new Set(texts.get(corpus)?.keys())),
    put(corpus, blobs) {
      texts.set(corpus, new Map([...(texts.get(corpus) ?? []), ...blobs]));
      return Promise.resolve();
    },
  };
}

/** What a shelf knows of a text without reading it. */
export interface ShelvedText {
  readonly corpus: Digest;
  readonly bytes: number;
  /** When it was last written to or trained on, ms since 1970. */
  readonly usedMs: number;
}

/** The texts to drop so that at most `mostBytes` are kept: those used longest ago, never `kept`. */
export function textsToDrop(
  texts: readonly ShelvedText[],
  kept: readonly Digest[],
  mostBytes: number,
): readonly Digest[] {
  const dropped: Digest[] = [];
  let bytes = texts.reduce((sum, text) => sum + text.bytes, 0);
  for (const text of [...texts].sort((a, b) => a.usedMs - b.usedMs)) {
    if (bytes <= mostBytes) break;
    if (kept.includes(text.corpus)) continue;
    dropped.push(text.corpus);
    bytes -= text.bytes;
  }
  return dropped;
}

/** What was read back as the kept facts of a text; anything may have been stored. */
export function readShelvedText(corpus: unknown, value: unknown): ShelvedText | undefined {
  if (typeof corpus !== 'string' || typeof value !== 'object' || value === null) return undefined;
  const { bytes, usedMs } = value as { readonly bytes?: unknown; readonly usedMs?: unknown };
  const isCount = (one: unknown): one is number => Number.isFinite(one) && Number(one) >= 0;
  return isCount(bytes) && isCount(usedMs) ? { corpus: corpus as Digest, bytes, usedMs } : undefined;
}
