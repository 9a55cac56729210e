import { expect, test } from 'vitest';
import { friendlyName } from '../base/friendly-name.ts';
import { nameAndId, namesOf } from './contribution-names.ts';
import { fakePresence, fakeSnapshot, fakeVolunteer } from './fake-snapshot.test-data.ts';

const [a, b, c] = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32)] as const;

test('everyone has the name that was chosen, or the one that the id gives', () => {
  const nameOf = namesOf(fakeSnapshot({ presences: [fakePresence(b, { name: 'Ada' }), fakePresence(c)] }));
  expect([nameOf(b), nameOf(c), nameOf(a)]).toEqual(['Ada', friendlyName(c), friendlyName(a)]);
});

test('this tab is called what its person chose, whatever the document says', () => {
  const snapshot = fakeSnapshot({
    volunteer: fakeVolunteer(),
    presences: [fakePresence(a, { name: 'Mallory' })],
  });
  expect(namesOf(snapshot)(a)).toBe(friendlyName(a));
  const named = { ...snapshot, contribution: { name: 'Ada', totals: undefined } };
  expect(namesOf(named)(a)).toBe('Ada');
});

test('in a sentence a name has its id beside it', () => {
  expect(nameAndId(() => 'Ada')(b)).toBe('Ada (bbbbbb)');
});
