import * as v from 'valibot';
import { utf8, type Bytes } from '../base/bytes.ts';
import { canonicalJson } from '../base/canonical-json.ts';
import { digestOf } from '../base/digest.ts';
import { isDigest, type Digest } from '../base/ids.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';

export type Split = 'train' | 'validation';

/** Where some of the text came from, and what may be done with it. */
export interface CorpusSource {
  readonly name: string;
  readonly package: string;
  readonly packageVersion: string;
  readonly licence: string;
  readonly documents: number;
  /** Bytes of its documents after normalisation, separators not counted. */
  readonly bytes: number;
}

export interface ShardEntry {
  readonly digest: Digest;
  readonly bytes: number;
  readonly split: Split;
  /** Names of the documents with bytes in this shard, in order; a long one spans neighbours. */
  readonly documents: readonly string[];
}

/** What a run's text is. Its canonical digest is the corpus id that a RunConfig names. */
export interface CorpusManifest {
  readonly version: 1;
  /** What follows every document in the text. */
  readonly separator: string;
  /** Whatever was changed or left out on the way from the sources, in sentences. */
  readonly notes: readonly string[];
  readonly sources: readonly CorpusSource[];
  readonly shards: readonly ShardEntry[];
  readonly totals: {
    readonly documents: number;
    readonly trainBytes: number;
    readonly validationBytes: number;
  };
}

/** A manifest longer than this is not read at all. */
export const maxManifestBytes = 4 << 20;
/** A volunteer holds whole shards in memory; larger ones are refused. */
export const maxShardBytes = 16 << 20;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = (longest: number) => v.pipe(v.string(), v.maxLength(longest));

const manifestSchema = v.strictObject({
  version: v.literal(1),
  separator: text(16),
  notes: v.pipe(v.array(text(500)), v.maxLength(32)),
  sources: v.pipe(
    v.array(
      v.strictObject({
        name: text(200),
        package: text(214),
        packageVersion: text(64),
        licence: text(500),
        documents: count,
        bytes: count,
      }),
    ),
    v.maxLength(256),
  ),
  shards: v.pipe(
    v.array(
      v.strictObject({
        digest: v.custom<Digest>(isDigest, 'not a digest'),
        bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(maxShardBytes)),
        split: v.picklist(['train', 'validation']),
        documents: v.pipe(v.array(text(300)), v.maxLength(65_536)),
      }),
    ),
    v.minLength(1),
    v.maxLength(65_536),
  ),
  totals: v.strictObject({ documents: count, trainBytes: count, validationBytes: count }),
});

/** Judges a manifest from outside: any bytes may be given. */
export function parseManifest(bytes: Uint8Array): Decoded<CorpusManifest> {
  if (bytes.length > maxManifestBytes) return refused('manifest too long');
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refused('manifest is not JSON');
  }
  // The first problem is enough: a list of all of them takes hundreds of bytes for each byte of the manifest.
  const parsed = v.safeParse(manifestSchema, json, { abortEarly: true });
  if (!parsed.success) return refused('manifest has another shape');
  const manifest: CorpusManifest = parsed.output;
  if (bytesOf(manifest, 'train') !== manifest.totals.trainBytes) return refused('manifest totals differ');
  if (bytesOf(manifest, 'validation') !== manifest.totals.validationBytes) {
    return refused('manifest totals differ');
  }
  return accepted(manifest);
}

export const bytesOf = (manifest: Pick<CorpusManifest, 'shards'>, split: Split): number =>
  manifest.shards.reduce((sum, shard) => sum + (shard.split === split ? shard.bytes : 0), 0);

/** The manifest as the one byte string its digest is taken over: JSON with sorted keys and no white space. */
export const canonicalManifest = (manifest: CorpusManifest): Bytes => utf8(canonicalJson(manifest));

/** The corpus id. */
export const manifestDigest = (manifest: CorpusManifest): Promise<Digest> =>
  digestOf(canonicalManifest(manifest));
