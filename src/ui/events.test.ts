import { describe, expect, it } from 'vitest';
import type { EventLine } from '../volunteer/status.ts';
import { eventRows, kindOf, spokenEvent } from './events.ts';
import { fakeSnapshot, fakeVolunteer } from './fake-snapshot.test-data.ts';
import { reasonText, refusalsOf } from './refusals.ts';

const event = (atMs: number, kind: string, text = `${kind} at ${atMs}`): EventLine => ({ atMs, kind, text });

describe('events', () => {
  it('come newest first, with a word for their kind', () => {
    const rows = eventRows([event(1, 'joined'), event(2, 'repaired')], 30);
    expect(rows.map(({ word, text }) => [word, text])).toEqual([
      ['repaired', 'repaired at 2'],
      ['joined', 'joined at 1'],
    ]);
  });

  it('of an unknown kind are shown plainly, even one named like a method of every object', () => {
    expect(kindOf('comet-sighted')).toMatchObject({ word: 'comet sighted', tone: 'plain' });
    expect(kindOf('constructor')).toMatchObject({ word: 'constructor', tone: 'plain' });
  });

  it('fold refusals in a row into one line, so that a flood pushes nothing out', () => {
    const flood = Array.from({ length: 60 }, (_, i) => event(10 + i, 'rejected'));
    const rows = eventRows([event(1, 'left'), ...flood, event(90, 'leader'), event(91, 'rejected')], 4);
    expect(rows.map(({ text }) => text)).toEqual([
      'rejected at 91',
      'leader at 90',
      'rejected at 69 And 59 more refusals before it.',
      'left at 1',
    ]);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(4);
  });

  it('stop at the limit', () => {
    const many = Array.from({ length: 60 }, (_, i) => event(i, 'joined'));
    expect(eventRows(many, 30)).toHaveLength(30);
  });

  it('are spoken newest only, and refusals the same way however many there are', () => {
    expect(spokenEvent([])).toBe('');
    expect(spokenEvent([event(1, 'joined'), event(2, 'left')])).toBe('left at 2');
    const one = spokenEvent([event(1, 'rejected')]);
    expect(spokenEvent([event(1, 'rejected'), event(2, 'rejected', 'another')])).toBe(one);
  });
});

describe('refusals', () => {
  it('are listed by reason, most frequent first, and tell messages from entries of the document', () => {
    const snapshot = fakeSnapshot({
      volunteer: fakeVolunteer({ rejections: { 'record-signature': 2, stale: 5, never: 0 } }),
      refused: { 'announcement-malformed': 3 },
    });
    expect(refusalsOf(snapshot)).toEqual([
      { reason: 'stale', from: 'messages', count: 5, family: 'stale' },
      { reason: 'announcement-malformed', from: 'document', count: 3, family: 'broken' },
      { reason: 'record-signature', from: 'messages', count: 2, family: 'forged' },
    ]);
  });

  it('say their reason in words', () => {
    expect(reasonText('record-signature')).toBe('Record with a wrong signature');
    expect(reasonText('contribution-by-a-stranger')).toBe('Contribution by a stranger');
  });
});
