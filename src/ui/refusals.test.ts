import { expect, test } from 'vitest';
import { fakeSnapshot, fakeVolunteer } from './fake-snapshot.test-data.ts';
import { familyOf, reasonText, refusalGroups, refusalsOf } from './refusals.ts';

test('refusals are grouped by what they are about, the most frequent first', () => {
  const rejections = {
    'record-signature': 4,
    'round-far-ahead': 1_203,
    'frame-too-long': 2,
    'join-stale': 1,
  };
  const refused = { 'announcement-malformed': 17 };
  const groups = refusalGroups(
    refusalsOf(fakeSnapshot({ volunteer: fakeVolunteer({ rejections }), refused })),
  );
  expect(groups.map(({ family, count }) => [family, count])).toEqual([
    ['stale', 1_204],
    ['broken', 19],
    ['forged', 4],
  ]);
  expect(groups[0]?.refusals.map(({ reason }) => reason)).toEqual(['round-far-ahead', 'join-stale']);
  expect(groups.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  expect(refusalGroups([])).toEqual([]);
});

test('a reason finds its family by its words, and an unknown one breaks a rule', () => {
  const families = {
    'contribution-signature': 'forged',
    'leave-for-another': 'forged',
    'hello-wrong-key': 'forged',
    'want-piece-too-often': 'flood',
    'inbox-full': 'flood',
    'second-contribution': 'flood',
    'frame-not-full': 'broken',
    'payload: count out of range': 'broken',
    'named-wrong-root': 'broken',
    'record-goodbye-stale': 'stale',
    'contribution-by-a-stranger': 'other',
    'something-new': 'other',
  } as const;
  for (const [reason, family] of Object.entries(families)) expect(familyOf(reason), reason).toBe(family);
  expect(reasonText('record-signature')).toBe('Record with a wrong signature');
});
