import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sameData } from './same-data.ts';

test('a copy is the same, whatever it is of', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(sameData(value, structuredClone(value))).toBe(true);
    }),
  );
});

test('what is written differently is not the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      // JSON writes both zeros alike, and keeps the order of keys: neither is compared here.
      const written = (value: unknown): string =>
        JSON.stringify(value, (_, inner: unknown) =>
          Object.is(inner, -0)
            ? '-0'
            : typeof inner === 'object' && inner !== null && !Array.isArray(inner)
              ? Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1))
              : inner,
        );
      if (sameData(a, b)) expect(written(a)).toBe(written(b));
      else expect(Object.is(a, b)).toBe(false);
    }),
  );
});

test('numbers that are not numbers are the same, a missing field and an undefined one are not', () => {
  expect(sameData({ a: NaN }, { a: NaN })).toBe(true);
  expect(sameData({ a: undefined }, {})).toBe(false);
  expect(sameData({ a: undefined }, { b: undefined })).toBe(false);
  expect(sameData([1, 2], { 0: 1, 1: 2 })).toBe(false);
  expect(sameData(null, {})).toBe(false);
});
