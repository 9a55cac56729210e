import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limitText, readLimit, usualLimit } from './data-limit.ts';

describe('the daily data limit', () => {
  test('is whole megabytes, from one to a million', () => {
    expect(['500', ' 5 ', '1', '1000000', '007'].map(readLimit)).toEqual([5e8, 5e6, 1e6, 1e12, 7e6]);
    for (const typed of ['', '0', '-5', '1.5', '1e3', '0x10', 'many', '1000001', '9'.repeat(400)])
      expect(readLimit(typed), typed).toBeUndefined();
  });

  test('is read as it is shown, and whatever else is typed gives a limit or none', () => {
    expect(readLimit(limitText(usualLimit))).toBe(usualLimit);
    fc.assert(
      fc.property(fc.string(), (typed) => {
        const bytes = readLimit(typed);
        expect(bytes === undefined || (bytes >= 1e6 && bytes <= 1e12 && Number.isInteger(bytes / 1e6))).toBe(
          true,
        );
        if (bytes !== undefined) expect(readLimit(limitText(bytes))).toBe(bytes);
      }),
    );
  });
});
