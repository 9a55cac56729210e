import type { Bytes } from '../base/bytes.ts';

/** How text becomes token ids and back. */
export interface Tokenizer {
  /** Names the tokenizer and its version; a RunConfig carries its digest. */
  readonly id: string;
  /** Ids are [0, vocabulary). */
  readonly vocabulary: number;
  /** Never longer than `bytes`. */
  encode(bytes: Uint8Array): Uint32Array<ArrayBuffer>;
  /** The bytes of `ids`. An id outside the vocabulary is an error of the caller: RangeError. */
  decode(ids: ArrayLike<number>): Bytes;
}

/** One token a byte. */
export const byteTokenizer: Tokenizer = {
  id: 'bytes-1',
  vocabulary: 256,
  encode: (bytes) => Uint32Array.from(bytes),
  decode(ids) {
    const bytes = new Uint8Array(ids.length);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] ?? -1;
      if (!Number.isInteger(id) || id < 0 || id > 255) throw new RangeError(`token id ${id} is not a byte`);
      bytes[i] = id;
    }
    return bytes;
  },
};

/** Tokens as text for people: bytes that are not UTF-8 show as the replacement character. */
export const readable = (tokenizer: Tokenizer, ids: ArrayLike<number>): string =>
  new TextDecoder().decode(tokenizer.decode(ids));
