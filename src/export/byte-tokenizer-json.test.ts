import { expect, it } from 'vitest';
import { utf8 } from '../base/bytes.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import { byteCharacters, readByteTokenizer, tokenizerJson } from './byte-tokenizer-json.ts';

/** What a byte-level BPE without merges does: each byte of the text as its character, each character as its id. */
const encode = (text: string): number[] => {
  const { model } = tokenizerJson() as { model: { vocab: Record<string, number> } };
  return Array.from(utf8(text), (byte) => model.vocab[byteCharacters()[byte]]);
};

it('makes the ids of our byte tokenizer, for every byte', () => {
  const text = 'The sea, 1851:\n\t“ö” — 海 🐳\u0000';
  expect(encode(text)).toEqual([...byteTokenizer.encode(utf8(text))]);
  expect(new Set(byteCharacters()).size).toBe(256);
  expect(byteCharacters()[32]).toBe('Ġ');
  expect(byteCharacters()[10]).toBe('Ċ');
  expect(byteCharacters()[173]).toBe('Ń'); // the soft hyphen does not print
});

it('knows itself again, and nothing that makes other tokens', () => {
  const own = tokenizerJson() as { model: { vocab: Record<string, number> } };
  const reads = (value: unknown): boolean => readByteTokenizer(JSON.stringify(value)).ok;
  expect(reads(own)).toBe(true);
  const { model } = own;
  expect(reads({ ...own, model: { ...model, vocab: { ...model.vocab, a: 98, b: 97 } } })).toBe(false);
  expect(reads({ ...own, model: { ...model, vocab: { ...model.vocab, ab: 256 } } })).toBe(false);
  expect(reads({ ...own, model: { ...model, merges: [['a', 'b']] } })).toBe(false);
  expect(reads({ ...own, added_tokens: [{ id: 0, content: '<s>' }] })).toBe(false);
  expect(reads({ ...own, normalizer: { type: 'Lowercase' } })).toBe(false);
  expect(reads({ ...own, pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } })).toBe(false);
  for (const other of [null, [], 7, 'text', {}, { model: null }]) expect(reads(other)).toBe(false);
});
