import { expect, test } from 'vitest';
import { integerBasis, largestVoteSum } from './integer-basis.ts';

test('the committed integer basis is the rounded cosine of its formula', () => {
  for (let u = 0; u < 64; u++) {
    for (let i = 0; i < 64; i++) {
      const exact = u === 0 ? 180 : 255 * Math.cos((Math.PI * (2 * i + 1) * u) / 128);
      expect(Math.abs(integerBasis[64 * u + i] - exact), `T[${u}][${i}]`).toBeLessThanOrEqual(0.5);
    }
  }
});

test('the basis is mirrored with the sign of its frequency', () => {
  for (let u = 0; u < 64; u++) {
    for (let i = 0; i < 64; i++) {
      expect(integerBasis[64 * u + 63 - i]).toBe((u % 2 === 0 ? 1 : -1) * integerBasis[64 * u + i] + 0);
    }
  }
});

test('the largest sum of votes keeps both passes inside their integer ranges', () => {
  const largest = Math.max(...integerBasis.map(Math.abs));
  expect(largest * largestVoteSum).toBeLessThan(2 ** 23);
  expect(largest * largest * largestVoteSum).toBeLessThan(2 ** 31);
});
