import { toHex, type Bytes } from '../base/bytes.ts';
import { sha256 } from '../base/digest.ts';
import type { Digest } from '../base/ids.ts';
import { cutCorpus, normaliseText, splitOf, type CutShard, type SourceDocument } from './cut-corpus.ts';
import { bytesOf, canonicalManifest, manifestDigest, type CorpusManifest } from './manifest.ts';
import { ownTextLimits, problemOfSizes, type TextProblem } from './own-text-limits.ts';
import { sectionsOf } from './sections.ts';

/** A file that someone wants to train on; any bytes may be in it. */
export interface TextFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** `read`: files have been looked at; `cut`: the text is being cut. In bytes. */
export interface TextProgress {
  readonly step: 'read' | 'cut' | 'keep';
  readonly done: number;
  readonly total: number;
}

/** A text as a corpus: what `scripts/build-corpus.ts` makes of the built-in one. */
export interface OwnText {
  /** The corpus id, which a RunConfig names. */
  readonly id: Digest;
  readonly manifest: CorpusManifest;
  readonly shards: readonly CutShard[];
}

export type CutOutcome =
  { readonly ok: true; readonly value: OwnText } | { readonly ok: false; readonly problem: TextProblem };

const cutOptions = { seed: 1, shardBytes: 128 << 10, separator: '\n\n' } as const;
/** A text has about this many sections, of a length within these bounds. */
const sectionsWanted = 64;
const [shortestSection, longestSection] = [1 << 10, 16 << 10];
/** Of the text, but not less than two sequences of the largest preset want. */
const validationShare = 0.06;
const leastValidationBytes = 2_200;
/** Ways to share the sections out that are tried until one is near the share wanted. */
const mostSalts = 64;

const notes = [
  'Text of whoever started the run, cut where paragraphs end into sections, which count as documents here.',
  'Line ends are LF; byte order marks, empty lines at the ends of sections and repeated sections are left out.',
  'Sections are named by their SHA-256: names of files are not kept.',
];

/**
 * Cuts files into shards and a manifest. The same text gives the same corpus id, whatever its files are called and in whatever
 * order they come. A share of the sections is set apart for validation.
 */
export async function cutOwnText(
  files: readonly TextFile[],
  tell: (progress: TextProgress) => void = () => undefined,
): Promise<CutOutcome> {
  const total = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const early = problemOfSizes(files.length, total);
  if (early !== undefined) return { ok: false, problem: early };
  const texts: Bytes[] = [];
  let done = 0;
  for (const file of files) {
    const text = textOf(file);
    if (!(text instanceof Uint8Array)) return { ok: false, problem: text };
    texts.push(text);
    done += file.bytes.length;
    tell({ step: 'read', done, total });
  }
  tell({ step: 'cut', done: 0, total });
  const sections = await named(texts);
  const text = sections.reduce((sum, section) => sum + section.text.length, 0);
  if (text < ownTextLimits.leastBytes) return { ok: false, problem: { kind: 'too-short', bytes: text } };
  const documents = await shared(sections, Math.max(validationShare, (2 * leastValidationBytes) / text));
  if (documents === undefined) return { ok: false, problem: { kind: 'too-short', bytes: text } };
  const shards = await cutCorpus(documents.documents, { ...cutOptions, validationShare: documents.share });
  tell({ step: 'cut', done: total, total });
  const manifest = manifestOf(documents.documents, shards);
  return { ok: true, value: { id: await manifestDigest(manifest), manifest, shards } };
}

/** The manifest as the blob that its id names. */
export const manifestBlob = ({ manifest }: OwnText): Bytes => canonicalManifest(manifest);

function textOf({ name, bytes }: TextFile): Bytes | TextProblem {
  const not = (looks: 'utf-16' | 'document' | 'binary'): TextProblem => ({
    kind: 'not-text',
    file: name,
    looks,
  });
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return not('utf-16');
  if (documentMarks.some((mark) => mark.every((byte, i) => bytes[i] === byte))) return not('document');
  let text: Bytes;
  try {
    text = normaliseText(name, bytes);
  } catch {
    return not('binary');
  }
  return isWritten(text) ? text : not('binary');
}

/** PDF, ZIP (which office documents and e-books are), RTF, and old Word files. */
const documentMarks: readonly (readonly number[])[] = [
  [0x25, 0x50, 0x44, 0x46],
  [0x50, 0x4b, 0x03, 0x04],
  [0x7b, 0x5c, 0x72, 0x74, 0x66],
  [0xd0, 0xcf, 0x11, 0xe0],
];

/** No zero byte, and hardly a control character, of which programs and pictures are full. */
function isWritten(text: Uint8Array): boolean {
  let control = 0;
  for (const byte of text) {
    if (byte === 0) return false;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c) control++;
  }
  return control <= text.length / 200;
}

interface Section {
  readonly hash: string;
  readonly text: Bytes;
}

/** The sections of all texts, each once. */
async function named(texts: readonly Bytes[]): Promise<readonly Section[]> {
  const total = texts.reduce((sum, { length }) => sum + length, 0);
  const longest = Math.min(longestSection, Math.max(shortestSection, Math.floor(total / sectionsWanted)));
  const sections = new Map<string, Section>();
  for (const text of texts) {
    for (const section of sectionsOf(text, longest)) {
      const hash = toHex((await sha256(section)).subarray(0, 8));
      sections.set(hash, { hash, text: section });
    }
  }
  return [...sections.values()];
}

/**
 * Names for the sections under which about `share` of the text is for validation: a document's name decides its split. Undefined
 * where no names give that, which takes a text of a few sections.
 */
async function shared(
  sections: readonly Section[],
  share: number,
): Promise<{ readonly documents: readonly SourceDocument[]; readonly share: number } | undefined> {
  const total = sections.reduce((sum, { text }) => sum + text.length, 0);
  for (let salt = 0; salt < mostSalts; salt++) {
    const documents = sections.map(({ hash, text }) => ({ name: `own/${salt}/${hash}`, text }));
    let validation = 0;
    for (const { name, text } of documents)
      if ((await splitOf(name, share)) === 'validation') validation += text.length;
    const isNear = validation > 0.6 * share * total && validation < 1.6 * share * total;
    if (isNear && validation >= leastValidationBytes) return { documents, share };
  }
  return undefined;
}

function manifestOf(documents: readonly SourceDocument[], shards: readonly CutShard[]): CorpusManifest {
  const entries = shards.map(({ entry }) => entry);
  return {
    version: 1,
    separator: cutOptions.separator,
    notes,
    sources: [
      {
        name: 'Text of whoever started the run',
        package: 'own-text',
        packageVersion: '1',
        licence: 'What whoever started the run may do with it; not known here.',
        documents: documents.length,
        bytes: documents.reduce((sum, { text }) => sum + text.length, 0),
      },
    ],
    shards: entries,
    totals: {
      documents: documents.length,
      trainBytes: bytesOf({ shards: entries }, 'train'),
      validationBytes: bytesOf({ shards: entries }, 'validation'),
    },
  };
}
