import { describe, expect, it } from 'vitest';
import type { Digest } from '../base/ids.ts';
import { ownTextLimits } from '../data/own-text-limits.ts';
import { cutLine, problemWords, progressLine } from './own-text.ts';
import { text } from './text.ts';

describe('a text of one’s own, in words', () => {
  it('says how far cutting is, where that is known', () => {
    expect(progressLine({ step: 'read', done: 50, total: 200 })).toEqual({
      line: 'Reading the files…',
      share: 0.25,
    });
    expect(progressLine({ step: 'read', done: 0, total: 0 }).share).toBeUndefined();
    expect(progressLine({ step: 'keep', done: 0, total: 9 }).share).toBeUndefined();
  });

  it('says what is wrong and what to do, with names that fit', () => {
    const file = `${'long'.repeat(40)}.docx`;
    for (const problem of [
      { kind: 'not-text', file, looks: 'document' },
      { kind: 'not-text', file, looks: 'utf-16' },
      { kind: 'not-text', file, looks: 'binary' },
      { kind: 'too-short', bytes: 12 },
      { kind: 'too-long', bytes: 9e9 },
      { kind: 'too-many-files', files: 3_000 },
      { kind: 'no-files' },
    ] as const) {
      const { message, fix } = problemWords(problem);
      expect(message).toMatch(/\.$/);
      expect(fix).toMatch(/\.$/);
      expect(`${message} ${fix}`.length).toBeLessThan(260);
    }
    expect(problemWords({ kind: 'not-text', file, looks: 'document' }).message).toContain('….docx'.slice(1));
    expect(problemWords({ kind: 'too-short', bytes: 12 }).message).toContain('12 B');
  });

  it('says the bounds that there are', () => {
    const { leastBytes, mostBytes } = ownTextLimits;
    expect(leastBytes).toBeLessThanOrEqual(17_000);
    expect(mostBytes).toBeGreaterThanOrEqual(33_000_000);
    expect(text.ownText.limits).toContain('17 kB');
    expect(text.ownText.limits).toContain('33 MB');
  });

  it('says what came of the files', () => {
    const cut = {
      corpus: 'a'.repeat(64) as Digest,
      files: 2,
      trainBytes: 900_000,
      validationBytes: 100_000,
    };
    expect(cutLine(cut)).toBe(
      '2 files, 1.00 MB of text. 100 kB of it are kept apart, to measure what the model has learned.',
    );
    expect(cutLine({ ...cut, files: 1 })).toMatch(/^1 file, /);
  });
});
