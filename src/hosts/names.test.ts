import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readName } from '../base/friendly-name.ts';
import { isPeerId } from '../base/ids.ts';
import { Names, readNames } from './names.ts';

const [a, b] = ['ab12cd34'.repeat(4), '5e6f7a80'.repeat(4)];

/** What a browser keeps, which its tabs share. */
const storage = () => {
  const kept = new Map<string, string>();
  return {
    kept,
    recall: (name: string) => kept.get(name),
    keep: (name: string, text: string) => void kept.set(name, text),
  };
};

test('a key keeps its name over visits, until it is taken away', () => {
  const browser = storage();
  const names = new Names(browser);
  expect(names.of(a)).toBeUndefined();
  names.choose(a, '  Ada   Lovelace ');
  expect(names.of(a)).toBe('Ada Lovelace');
  expect(new Names(browser).of(a)).toBe('Ada Lovelace');
  names.choose(a, undefined);
  expect(new Names(browser).of(a)).toBeUndefined();
});

test('two tabs name their keys beside each other', () => {
  const browser = storage();
  const [one, other] = [new Names(browser), new Names(browser)];
  one.choose(a, 'Ada');
  other.choose(b, 'Bob');
  expect([new Names(browser).of(a), new Names(browser).of(b)]).toEqual(['Ada', 'Bob']);
});

test('what is no name changes nothing, and neither does what is no key', () => {
  const names = new Names(storage());
  names.choose(a, 'Ada');
  for (const wrong of ['', '   ', 'x'.repeat(25), 'a\u202eb']) names.choose(a, wrong);
  names.choose('me', 'Ada');
  expect([names.of(a), names.of('me')]).toEqual(['Ada', undefined]);
});

test('it holds for the visit where nothing may be kept', () => {
  const names = new Names({ recall: () => undefined, keep: () => undefined });
  names.choose(a, 'Ada');
  expect(names.of(a)).toBe('Ada');
});

test('names of many keys make room for the newest', () => {
  const browser = storage();
  const names = new Names(browser);
  const idOf = (n: number) => n.toString(16).padStart(32, '0');
  for (let n = 0; n < 80; n++) names.choose(idOf(n), `Number ${n}`);
  expect([names.of(idOf(0)), names.of(idOf(79))]).toEqual([undefined, 'Number 79']);
  expect(readNames([...browser.kept.values()][0])).toHaveLength(64);
});

test('whatever stands in the storage, only names of keys are read', () => {
  const pair = fc.tuple(fc.oneof(fc.constant(a), fc.string()), fc.oneof(fc.string(), fc.anything()));
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.array(pair).map((list) => String(JSON.stringify(list))),
  );
  fc.assert(
    fc.property(text, (kept) => {
      for (const [id, name] of readNames(kept)) expect([isPeerId(id), readName(name)]).toEqual([true, name]);
    }),
  );
});
