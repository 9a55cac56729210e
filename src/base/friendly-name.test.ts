import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { friendlyName, maxNameCharacters, readName, tidyName } from './friendly-name.ts';

const idFrom = (seed: number): string => {
  let at = seed >>> 0;
  const word = (): string => {
    at = (Math.imul(at ^ (at >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return at.toString(16).padStart(8, '0');
  };
  return word() + word() + word() + word();
};

describe('the name that an id gives', () => {
  test('is two words and a number, and the same each time', () => {
    expect(friendlyName('ab12cd34'.repeat(4))).toBe(friendlyName('ab12cd34'.repeat(4)));
    for (let i = 0; i < 500; i++)
      expect(friendlyName(idFrom(i))).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+ [1-9]\d$/);
  });

  test('is a name that one could choose', () => {
    for (let i = 0; i < 500; i++) expect(readName(friendlyName(idFrom(i)))).toBeDefined();
  });

  test('is hardly ever that of another in one swarm', () => {
    const names = Array.from({ length: 2_000 }, (_, i) => friendlyName(idFrom(i)));
    expect(new Set(names).size).toBeGreaterThan(1_990);
  });

  test('does not follow from the short id, which it stands beside', () => {
    const names = new Set(
      Array.from({ length: 50 }, (_, i) => friendlyName(`abcdef00${idFrom(i).slice(8)}`)),
    );
    expect(names.size).toBeGreaterThan(45);
  });

  test('is there for whatever stands in place of an id', () => {
    fc.assert(fc.property(fc.string(), (id) => readName(friendlyName(id)) !== undefined));
  });
});

describe('a chosen name', () => {
  test.each([
    ['Ada', 'Ada'],
    ['  Ada \t Lovelace\n', 'Ada Lovelace'],
    ['Ａｄａ', 'Ada'],
    ['Zoe\u0308', 'Zoë'],
    ['星 3', '星 3'],
    ['नमस्ते', 'नमस्ते'],
    ['🐦 bird', '🐦 bird'],
    ['x'.repeat(24), 'x'.repeat(24)],
  ])('%j is %j', (typed, name) => {
    expect(tidyName(typed)).toBe(name);
  });

  test.each([
    ['nothing', ''],
    ['only spaces', '   '],
    ['25 characters', 'x'.repeat(25)],
    ['a letter that is 18 after normalising', '\ufdfa\ufdfa'],
    ['very long', 'a'.repeat(10_000)],
    ['a control', 'a\u0007b'],
    ['a right-to-left override', 'abc\u202edcba'],
    ['an isolate', '\u2066abc\u2069'],
    ['a mark of direction', 'a\u200fb'],
    ['a zero-width space', 'a\u200bb'],
    ['a zero-width joiner', 'a\u200db'],
    ['a filler that is a letter and not seen', '\u3164'],
    ['a soft hyphen', 'a\u00adb'],
    ['a tag character', 'a\u{e0041}'],
    ['half a character', 'a\ud800'],
    ['a private character', 'a\ue000'],
    ['a character without meaning', 'a\u0378'],
    ['a pile of marks', 'a\u0363\u0364\u0365\u0366'],
    ['a mark on what stands before', '\u0301a'],
    ['marks of punctuation only', '...!'],
  ])('is not %s', (_, typed) => {
    expect(tidyName(typed)).toBeUndefined();
  });

  test('of another is taken as it should have been written, or not at all', () => {
    expect(readName('Ada')).toBe('Ada');
    for (const value of [' Ada', 'Zoe\u0308', 'a  b', 7, null, undefined, {}, ['Ada'], 'x'.repeat(1e6)])
      expect(readName(value)).toBeUndefined();
  });

  test('whatever it is, is short, printable, and stays as it is', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
    fc.assert(
      fc.property(text, (typed) => {
        const name = tidyName(typed);
        if (name === undefined) return;
        expect([...name].length).toBeLessThanOrEqual(maxNameCharacters);
        expect(name).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        expect(readName(name)).toBe(name);
      }),
    );
    fc.assert(fc.property(fc.anything(), (value) => [undefined, value].includes(readName(value) as never)));
  });
});
