import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBase64url, toBase64url } from './base64url.ts';

test('bytes come back from their text, which is what Node writes too', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = toBase64url(bytes);
      expect(text).toBe(Buffer.from(bytes).toString('base64url'));
      expect(fromBase64url(text)).toEqual(new Uint8Array(bytes));
    }),
    { seed: 1 },
  );
});

test('whatever text is accepted is the one text of its bytes', () => {
  const near = fc.string({ unit: fc.constantFrom(...'AQgw-_09azZ=+/ '), maxLength: 12 });
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (text) => {
      const bytes = fromBase64url(text);
      if (bytes !== undefined) expect(toBase64url(bytes)).toBe(text);
    }),
    { seed: 1, numRuns: 5000 },
  );
  expect(['A', 'AB', 'AA=', 'A+', 'AAAAA', 'Ä'].map(fromBase64url)).toEqual(Array(6).fill(undefined));
});
