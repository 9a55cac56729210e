import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatLoss,
  formatPercent,
  formatRatio,
  formatSpeed,
  grouped,
  plural,
  shortId,
} from './format.ts';

describe('formatting', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [9_994, '9.99 kB'],
    [9_996, '10.0 kB'],
    [99_960, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [5e15, '5000 TB'],
    [undefined, '–'],
    [NaN, '–'],
  ])('shows %s bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [820, '820'],
    [164_160, '164k'],
    [10_322_000, '10.3M'],
    [1.2e9, '1.20B'],
    [undefined, '–'],
  ])('shows a count of %s as %s', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  it.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min 0 s'],
    [185_000, '3 min 5 s'],
    [7_440_000, '2 h 4 min'],
    [-1, '–'],
  ])('shows %s ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('shows times of events as a clock does', () => {
    expect(formatClock(247_900)).toBe('4:07');
    expect(formatClock(3_753_000)).toBe('1:02:33');
  });

  it('groups digits by three', () => {
    expect([0, 999, 1000, 1234567].map(grouped)).toEqual(['0', '999', '1,000', '1,234,567']);
  });

  it('shows a dash for what is not known, never NaN', () => {
    expect([formatLoss(undefined), formatLoss(NaN), formatRatio(Infinity), formatSpeed(undefined)]).toEqual([
      '–',
      '–',
      '–',
      '–',
    ]);
    expect(formatPercent(0 / 0)).toBe('–');
  });

  it('shows losses, ratios, speeds, shares, ids and plurals', () => {
    expect(formatLoss(2.6789)).toBe('2.679');
    expect(formatRatio(1180.6)).toBe('1,181×');
    expect(formatSpeed(48_213)).toBe('48.2k tok/s');
    expect(formatPercent(0.786)).toBe('79 %');
    expect(shortId('3fa91c770011')).toBe('3fa91c');
    expect([plural(1, 'round'), plural(2, 'round'), plural(0, 'reply', 'replies')]).toEqual([
      '1 round',
      '2 rounds',
      '0 replies',
    ]);
  });
});
