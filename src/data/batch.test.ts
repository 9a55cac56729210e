import { describe, expect, it } from 'vitest';
import { utf8 } from '../base/bytes.ts';
import { toBatch } from './batch.ts';
import { byteTokenizer, readable } from './tokenizer.ts';

describe('a batch', () => {
  it('lays sequences out row by row, targets one token ahead', () => {
    const batch = toBatch([Uint32Array.of(1, 2, 3, 4), Uint32Array.of(9, 8, 7, 6)], 2, 3);
    expect([...batch.ids]).toEqual([1, 2, 3, 9, 8, 7]);
    expect([...batch.targets]).toEqual([2, 3, 4, 8, 7, 6]);
  });

  it('refuses sequences of another number or length', () => {
    expect(() => toBatch([[1, 2]], 2, 1)).toThrow('2 sequences');
    expect(() => toBatch([[1, 2, 3]], 1, 1)).toThrow('2 tokens');
  });
});

describe('the byte tokenizer', () => {
  it('gives every byte back', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(byteTokenizer.decode(byteTokenizer.encode(bytes))).toEqual(bytes);
  });

  it('refuses ids that are no byte', () => {
    expect(() => byteTokenizer.decode([256])).toThrow(RangeError);
    expect(() => byteTokenizer.decode([1.5])).toThrow(RangeError);
  });

  it('shows text, and broken UTF-8 as the replacement character', () => {
    expect(readable(byteTokenizer, byteTokenizer.encode(utf8('café')))).toBe('café');
    expect(readable(byteTokenizer, [0x61, 0xc3])).toBe('a\ufffd');
  });
});
