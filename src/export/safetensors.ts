import * as v from 'valibot';
import { concatBytes, utf8, type Bytes } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';

/**
 * The safetensors format: 8 bytes little-endian, the length of the header; the header, JSON; the values of all tensors,
 * little-endian, one behind the other. What a file from outside says of itself is believed of nothing: every reason to
 * refuse one is a short stable phrase.
 */

/** Bytes of one value by the format's names for types. Types of parts of a byte are not read. */
const bytesOf: Readonly<Record<string, number>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1 },
  ...{ I16: 2, U16: 2, F16: 2, BF16: 2 },
  ...{ I32: 4, U32: 4, F32: 4 },
  ...{ I64: 8, U64: 8, F64: 8 },
};

/** A header of 128 blocks takes 150 kB. */
const mostHeaderBytes = 4 << 20;
const mostTensors = 20_000;
const mostDimensions = 8;

export interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A tensor in a file: `bytes` is a view of it. */
export interface TensorView extends TensorEntry {
  readonly bytes: Bytes;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, TensorView>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The file up to its values, which follow in the order of `entries` without gaps. Padded with spaces so that they begin at
 * a multiple of 8.
 */
export function safetensorsHead(
  entries: readonly (TensorEntry & { readonly name: string })[],
  metadata: Readonly<Record<string, string>>,
): Bytes {
  let at = 0;
  const described: [string, unknown][] = entries.map(({ name, dtype, shape }) => {
    const size = bytesOf[dtype] ?? 0;
    invariant(size > 0, `a type that safetensors has, not ${dtype}`);
    const start = at;
    at += size * product(shape);
    return [name, { dtype, shape, data_offsets: [start, at] }];
  });
  const text = JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...described]));
  const json = utf8(text);
  const padding = utf8(' '.repeat((8 - (json.length % 8)) % 8));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length + padding.length), true);
  return concatBytes(length, json, padding);
}

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const entrySchema = v.strictObject({
  dtype: v.pipe(v.string(), v.maxLength(16)),
  shape: v.pipe(v.array(whole), v.maxLength(mostDimensions)),
  data_offsets: v.strictTuple([whole, whole]),
});
const metadataSchema = v.record(v.string(), v.string());

/** Reads a whole file. Any bytes may be given; the tensors are views of them. */
export function readSafetensors(file: Bytes): Decoded<SafetensorsFile> {
  if (file.length < 8) return refused('shorter than a header');
  const announced = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (announced > BigInt(mostHeaderBytes)) return refused('header too long');
  const values = 8 + Number(announced);
  if (values > file.length) return refused('header longer than the file');
  const header = readHeader(file.subarray(8, values));
  if (!header.ok) return header;
  const { entries, metadata } = header.value;
  const data = file.subarray(values);
  const covered = coverProblem(entries, data.length);
  if (covered !== undefined) return refused(covered);
  const tensors = new Map<string, TensorView>();
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [start, end],
    },
  ] of entries)
    tensors.set(name, { dtype, shape, bytes: data.subarray(start, end) });
  return accepted({ tensors, metadata });
}

type Entries = readonly (readonly [string, v.InferOutput<typeof entrySchema>])[];

function readHeader(
  bytes: Bytes,
): Decoded<{ readonly entries: Entries; readonly metadata: Readonly<Record<string, string>> }> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refused('header is not JSON');
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return refused('header is no object');
  const named = Object.entries(json as Record<string, unknown>);
  if (named.length > mostTensors) return refused('too many tensors');
  const entries: (readonly [string, v.InferOutput<typeof entrySchema>])[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, said] of named) {
    if (name === '__metadata__') {
      const parsed = v.safeParse(metadataSchema, said, { abortEarly: true });
      if (!parsed.success) return refused('metadata is not text');
      metadata = parsed.output;
      continue;
    }
    const parsed = v.safeParse(entrySchema, said, { abortEarly: true });
    if (!parsed.success) return refused('a tensor is described wrongly');
    entries.push([name, parsed.output]);
  }
  return accepted({ entries, metadata });
}

/** Whether the tensors lie in the values one behind the other, none over another, and nothing else is there. */
function coverProblem(entries: Entries, length: number): string | undefined {
  const byPlace = entries
    .map(([, entry]) => entry)
    .sort((a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  let at = 0;
  for (const {
    dtype,
    shape,
    data_offsets: [start, end],
  } of byPlace) {
    const size = Object.hasOwn(bytesOf, dtype) ? (bytesOf[dtype] ?? 0) : 0;
    if (size === 0) return 'a type of value that is not known';
    if (start < at) return 'tensors overlap';
    if (start > at) return 'a gap between tensors';
    // Beyond 2^53 a product is not exact, but then it is no file's size either.
    if (end < start || end > length) return 'a tensor ends outside the file';
    if (end - start !== size * product(shape)) return 'a tensor is not as long as its shape';
    at = end;
  }
  return at === length ? undefined : 'bytes that belong to no tensor';
}

const product = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1);
