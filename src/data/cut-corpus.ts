import { concatBytes, toHex, utf8, type Bytes } from '../base/bytes.ts';
import { digestOf, sha256 } from '../base/digest.ts';
import { StarlingError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import { SeededRandom } from '../base/random.ts';
import type { ShardEntry, Split } from './manifest.ts';

export interface SourceDocument {
  /** Unique in the corpus; decides the document's split. */
  readonly name: string;
  readonly text: Bytes;
}

export interface CutOptions {
  readonly seed: number;
  /** Shards come out within a few bytes of one size, near this. */
  readonly shardBytes: number;
  /** Of documents, not of bytes. In [0, 1]. */
  readonly validationShare: number;
  /** Follows every document. */
  readonly separator: string;
}

export interface CutShard {
  readonly entry: ShardEntry;
  readonly bytes: Bytes;
}

/**
 * Text from a source as the corpus keeps it: UTF-8 without byte order mark, lines ended by LF. Characters, spaces and
 * Unicode forms stay as they are.
 * @throws StarlingError `not-utf8` rather than replace what it cannot read.
 */
export function normaliseText(name: string, raw: Uint8Array): Bytes {
  let decoded: string;
  try {
    decoded = new TextDecoder('utf-8', { fatal: true }).decode(raw); // drops a byte order mark
  } catch (cause) {
    throw new StarlingError('not-utf8', `${name} is not UTF-8.`, 'Convert the file to UTF-8.', { cause });
  }
  return utf8(decoded.replace(/\r\n?/g, '\n'));
}

/**
 * Splits documents into train and validation by a hash of their names, shuffles each split by seed, joins it and cuts
 * it into shards. The same documents in any order give the same shards, byte for byte.
 * A cut may fall inside a document, never inside a UTF-8 character.
 */
export async function cutCorpus(
  documents: readonly SourceDocument[],
  options: CutOptions,
): Promise<CutShard[]> {
  const sorted = [...documents].sort((a, b) => (a.name < b.name ? -1 : 1));
  invariant(new Set(sorted.map((each) => each.name)).size === sorted.length, 'document names are unique');
  const splits = await Promise.all(sorted.map((each) => splitOf(each.name, options.validationShare)));
  const shards: CutShard[] = [];
  for (const split of ['train', 'validation'] as const) {
    const members = sorted.filter((_, index) => splits[index] === split);
    shuffle(members, new SeededRandom(options.seed));
    shards.push(...(await cut(members, split, options)));
  }
  return shards;
}

/** A document's split depends on its name only, so that adding a source moves no document across. */
export async function splitOf(name: string, validationShare: number): Promise<Split> {
  const hash = parseInt(toHex((await sha256(utf8(`starling split ${name}`))).subarray(0, 4)), 16);
  return hash < validationShare * 2 ** 32 ? 'validation' : 'train';
}

/** Fisher-Yates, in place. */
function shuffle<T>(items: T[], random: SeededRandom): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}

async function cut(
  documents: readonly SourceDocument[],
  split: Split,
  { shardBytes, separator }: CutOptions,
): Promise<CutShard[]> {
  const tail = utf8(separator);
  const whole = concatBytes(...documents.flatMap((each) => [each.text, tail]));
  const starts: number[] = [];
  let at = 0;
  for (const { text } of documents) {
    starts.push(at);
    at += text.length + tail.length;
  }
  const shardCount = whole.length === 0 ? 0 : Math.max(1, Math.round(whole.length / shardBytes));
  const shards: CutShard[] = [];
  let from = 0;
  for (let i = 1; i <= shardCount; i++) {
    const to = characterStart(whole, Math.floor((whole.length * i) / shardCount));
    const bytes = whole.slice(from, to);
    const inside = documents.filter((_, d) => {
      const start = starts[d] ?? 0;
      const end = starts[d + 1] ?? whole.length;
      return start < to && end > from;
    });
    const entry = {
      digest: await digestOf(bytes),
      bytes: bytes.length,
      split,
      documents: inside.map((each) => each.name),
    };
    shards.push({ entry, bytes });
    from = to;
  }
  return shards;
}

/** The start of the UTF-8 character that holds byte `at`, or `at` itself at the end of the text. */
function characterStart(bytes: Uint8Array, at: number): number {
  let start = at;
  while (start > 0 && start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  return start;
}
