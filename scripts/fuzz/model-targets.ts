import { concatBytes, utf8, type Bytes } from '../../src/base/bytes.ts';
import type { Digest } from '../../src/base/ids.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import { refused, type Decoded } from '../../src/base/verdict.ts';
import { readByteTokenizer, tokenizerJson } from '../../src/export/byte-tokenizer-json.ts';
import { llamaConfig, readLlamaConfig } from '../../src/export/llama-config.ts';
import { readSafetensors, safetensorsHead, type SafetensorsFile } from '../../src/export/safetensors.ts';
import { readTar } from '../../src/export/read-tar.ts';
import { tarParts } from '../../src/export/tar.ts';
import { presets } from '../../src/model/config.ts';
import { blobKindNumbers, decodeBlobMessage, encodeBlobMessage } from '../../src/swarm/blob-codec.ts';
import { protocolVersion } from '../../src/swarm/protocol.ts';
import { draw, drawBytes, drawHex, oneIn, pick } from './draw.ts';
import { jsonTarget, textOf } from './json-target.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { jsonText, mutateValue } from './mutate-values.ts';
import { fuzzTarget, type FuzzTarget } from './target.ts';

/** These readers give sentences for people; what matters here is that none is long, and that it is not JSON at all. */
function inPhrase<V>(decoded: Decoded<V>): Decoded<V> {
  if (decoded.ok) return decoded;
  if (decoded.reason.length > 160) return refused('!a sentence that is too long');
  return refused(/(not JSON|too long)\.$/.test(decoded.reason) ? notJson : 'another model');
}
const notJson = 'not JSON';

interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly number[];
}

/** A header as an object, and the values behind it. */
interface File {
  readonly header: Readonly<Record<string, Described | Readonly<Record<string, string>>>>;
  readonly values: Bytes;
}

const widths: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2, I64: 8, U8: 1 };

function safetensors(random: SeededRandom): File {
  let at = 0;
  const tensors = Array.from({ length: 1 + draw(random, 4) }, (_, i) => {
    const dtype = pick(random, Object.keys(widths));
    const shape = Array.from({ length: draw(random, 4) }, () => draw(random, 4));
    const length = shape.reduce((all, size) => all * size, widths[dtype] ?? 0);
    const described: Described = { dtype, shape, data_offsets: [at, at + length] };
    at += length;
    return [`t${i}.weight`, described] as const;
  });
  return {
    header: {
      ...(oneIn(random, 2) ? { __metadata__: { format: 'pt' } } : {}),
      ...Object.fromEntries(tensors),
    },
    values: drawBytes(random, at),
  };
}

function fileBytes(header: Bytes, values: Bytes): Bytes {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return concatBytes(length, header, values);
}

/** The same tensors in the order of their places; undefined where two are at one place, which has no one order. */
function encodeSafetensors({ tensors, metadata }: SafetensorsFile): Bytes | undefined {
  const entries = [...tensors].sort(([, a], [, b]) => a.bytes.byteOffset - b.bytes.byteOffset);
  if (entries.some(([, { bytes }]) => bytes.length === 0)) return undefined;
  if (entries.some(([name]) => name === '__metadata__' || name === '__proto__')) return undefined;
  const head = safetensorsHead(
    entries.map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
    metadata,
  );
  return concatBytes(head, ...entries.map(([, { bytes }]) => bytes));
}

/** Makes the sum in the first header of an archive right. */
function rightSum(archive: Bytes): void {
  if (archive.length < 512) return;
  archive.fill(0x20, 148, 156);
  const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  archive.set(utf8(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
}

/** What a model folder or a peer brings from outside: weights, their description, and blobs by digest. */
export const modelTargets: readonly FuzzTarget[] = [
  fuzzTarget<File, SafetensorsFile>({
    name: 'safetensors',
    firstGuard: 'a header of JSON as long as it says',
    sample(random) {
      const value = safetensors(random);
      return { value, bytes: fileBytes(utf8(JSON.stringify(value.header)), value.values) };
    },
    mutate(random, { value, bytes }, other) {
      if (oneIn(random, 4)) return mutateBytes(random, bytes, other.bytes);
      const values = oneIn(random, 4) ? drawBytes(random, draw(random, 64)) : value.values;
      const header = oneIn(random, 4) ? value.header : mutateValue(random, value.header, 'json');
      return fileBytes(utf8(jsonText(header)), values);
    },
    decode: readSafetensors,
    isPast: (_bytes, outcome) =>
      outcome.ok ||
      ![
        'shorter than a header',
        'header too long',
        'header longer than the file',
        'header is not JSON',
      ].includes(outcome.reason),
    encode: encodeSafetensors,
  }),
  jsonTarget<object, { readonly config: (typeof presets)['nano']; readonly tied: boolean }>('llama-config', {
    generate: (random) => ({
      ...llamaConfig(pick(random, Object.values(presets)), pick(random, ['F32', 'BF16'])),
      tie_word_embeddings: oneIn(random, 2),
    }),
    decode: (bytes) => inPhrase(readLlamaConfig(textOf(bytes))),
    encode: ({ config, tied }) =>
      utf8(JSON.stringify({ ...llamaConfig(config, 'F32'), tie_word_embeddings: tied })),
    notJson: [notJson],
  }),
  jsonTarget<object, undefined>('byte-tokenizer', {
    generate: () => tokenizerJson(),
    decode: (bytes) => inPhrase(readByteTokenizer(textOf(bytes))),
    encode: () => utf8(JSON.stringify(tokenizerJson())),
    notJson: [notJson],
    share: 0.25,
  }),
  fuzzTarget<unknown, ReadonlyMap<string, Bytes>>({
    name: 'tar',
    firstGuard: 'a header whose sum is right',
    leastPast: 0.3,
    share: 0.25,
    sample(random) {
      const files = Array.from({ length: 1 + draw(random, 3) }, (_, i) => ({
        name: `model/${i}.bin`,
        parts: [drawBytes(random, draw(random, 700))],
      }));
      return { value: files, bytes: concatBytes(...tarParts(files, draw(random, 2 ** 31))) };
    },
    mutate(random, { bytes }, other) {
      const mutant = oneIn(random, 2) ? mutateBytes(random, bytes, other.bytes) : new Uint8Array(bytes);
      for (let flips = draw(random, 3); flips > 0; flips--)
        mutant[draw(random, Math.min(mutant.length, 512))] = pick(random, [0, 0x20, 0x2f, 0x30, 0x37, 0xff]);
      if (!oneIn(random, 4)) rightSum(mutant);
      return mutant;
    },
    decode: readTar,
    isPast: (_bytes, outcome) => outcome.ok || outcome.reason !== 'not a tar archive',
    encode: (files) =>
      files.size > 0 && [...files.keys()].every((name) => /^[\x21-\x7e]{1,100}$/.test(name))
        ? concatBytes(
            ...tarParts(
              [...files].map(([name, content]) => ({ name, parts: [content] })),
              0,
            ),
          )
        : undefined,
  }),
  fuzzTarget({
    name: 'blob-message',
    firstGuard: 'one of the kinds about blobs',
    canonical: true,
    sample(random) {
      const [digest, bytes] = [drawHex(random, 32) as Digest, drawBytes(random, 1 + draw(random, 200))];
      const kind = pick(random, ['want-blob', 'blob', 'no-blob'] as const);
      const value = kind === 'blob' ? { kind, digest, bytes } : { kind, digest };
      return { value, bytes: encodeBlobMessage(value) };
    },
    mutate: (random, { bytes }, other) => {
      const mutant = mutateBytes(random, bytes, other.bytes);
      if (oneIn(random, 2) && mutant.length > 0)
        mutant[0] = (protocolVersion << 5) | pick(random, Object.values(blobKindNumbers));
      return mutant;
    },
    decode: decodeBlobMessage,
    isPast: (_bytes, outcome) => outcome.ok || outcome.reason !== 'message-unknown-kind',
    encode: encodeBlobMessage,
  }),
];
