import { describe, expect, it } from 'vitest';
import type { CatchUp } from '../volunteer/status.ts';
import { catchUpLine } from './catch-up.ts';

const at = (with_: Partial<CatchUp>) =>
  catchUpLine({ stage: 'model', done: 0, total: 0, perSecond: undefined, sources: 1, ...with_ });

describe('catching up', () => {
  it('says how many bytes of the model came, how fast, from whom, and how long it takes still', () => {
    expect(at({ done: 400_000, total: 1_000_000, perSecond: 60_000, sources: 3 })).toEqual({
      title: 'Fetching the model from 3 volunteers',
      text: '400 kB of 1.00 MB, 60.0 kB/s, about 10 s left',
      share: 0.4,
    });
  });

  it('says how many rounds were replayed, and at what rate', () => {
    expect(at({ stage: 'rounds', done: 12, total: 41, perSecond: 7.25 }).text).toBe(
      '12 of 41 rounds, 7.3 rounds/s, about 4 s left',
    );
    expect(at({ stage: 'rounds', done: 10, total: 9_000, perSecond: 20 }).text).toContain('about 7 min left');
  });

  it('says why a newcomer learns silently at first', () => {
    const line = at({ stage: 'warm-up', done: 3, total: 8 });
    expect(line.title).toContain('so that its first vote is worth something');
    expect(line.text).toBe('3 of 8 rounds of warm-up');
  });

  it('invents no rate, no time left and no share that it does not know', () => {
    expect(at({ sources: 0 })).toEqual({
      title: 'Asking for the model',
      text: 'Its size is not known yet',
      share: undefined,
    });
    for (const perSecond of [undefined, 0, -1, NaN, Infinity]) {
      expect(at({ done: 1_000, total: 2_000, perSecond }).text).toBe('1.00 kB of 2.00 kB');
    }
    expect(at({ done: 2_000, total: 2_000, perSecond: 500 }).text).not.toContain('left');
  });

  it('keeps the bar within its ends', () => {
    expect(at({ done: 12, total: 8 }).share).toBe(1);
  });
});
