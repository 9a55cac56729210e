import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRoomName } from '../volunteer/run-choice.ts';
import { readRunConfig } from '../volunteer/run-config.ts';
import { planRun, type runBounds } from '../volunteer/run-plan.ts';
import { canonicalJson } from '../base/canonical-json.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { fakeSnapshot } from './fake-snapshot.test-data.ts';
import type { PageSnapshot } from './host.ts';
import {
  estimable,
  freshStart,
  readStart,
  roomOf,
  startBounds,
  suggestName,
  type StartForm,
} from './start-run.ts';

const invite = { room: 'main', href: 'https://example.org/?run=main', byInvitation: false };
const empty: PageSnapshot = { ...fakeSnapshot(), invite };
const form: StartForm = { ...freshStart(empty, 'new-name'), name: 'Class 7b' };

test('a free room keeps its name, and beside a run a new one is suggested', () => {
  expect(freshStart(empty, 'new-name').name).toBe('main');
  const run = { preset: 'nano', parameters: 1, seed: 1, startedBy: 'a'.repeat(32) } as const;
  const taken: PageSnapshot = { ...empty, view: { ...empty.view, run } };
  expect(freshStart(taken, 'new-name').name).toBe('new-name');
  expect(freshStart({ ...empty, invite: { ...invite, byInvitation: true } }, '').open).toBe(false);
});

test('the size that fits the GPU is chosen until someone chooses', () => {
  const environment = { ...empty.environment, suggestedPreset: { preset: 'small', reason: '' } as const };
  expect(freshStart({ ...empty, environment }, '').preset).toBe('small');
  expect(
    freshStart({ ...empty, environment: { ...environment, suggestedPreset: undefined } }, '').preset,
  ).toBe('nano');
});

test('what is typed becomes a choice; thousands may be parted, and no end has no rounds', () => {
  expect(readStart({ ...form, rounds: ' 10,000 ' }, undefined)).toEqual({
    ok: true,
    choice: {
      room: 'class-7b',
      preset: 'nano',
      volunteers: 1,
      rounds: 10_000,
      k: 8,
      ratePercent: 100,
      open: true,
      corpus: undefined,
    },
  });
  const endless = readStart(
    { ...form, ends: false, rounds: 'nonsense' },
    { corpus: 'a'.repeat(64) as Digest },
  );
  expect(endless).toMatchObject({ ok: true, choice: { rounds: undefined, corpus: 'a'.repeat(64) } });
});

test.each([
  ['name', '!!!', 'room'],
  ['rounds', '', 'rounds'],
  ['rounds', '0', 'rounds'],
  ['rounds', '1e3', 'rounds'],
  ['volunteers', '65', 'volunteers'],
  ['k', '32', 'k'],
  ['ratePercent', '9', 'ratePercent'],
  ['ratePercent', '1.5', 'ratePercent'],
] as const)('%s of "%s" is pointed at', (field, typed, wrong) => {
  expect(readStart({ ...form, [field]: typed }, undefined)).toEqual({ ok: false, field: wrong });
});

test('a name becomes what an address takes, whatever is typed', () => {
  expect(['Class 7b!', '  Été à Zürich ', '../../x', 'a_b-c', '日本', ''].map(roomOf)).toEqual([
    'class-7b',
    'ete-a-zurich',
    'x',
    'a_b-c',
    '',
    '',
  ]);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (typed) => {
      const room = roomOf(typed);
      expect(room === '' || isRoomName(room)).toBe(true);
      expect(roomOf(room)).toBe(room);
    }),
    { seed: 8, numRuns: 2000 },
  );
  let drawn = 0;
  expect(isRoomName(suggestName(() => (drawn += 2_654_435_761)))).toBe(true);
});

test('every choice within the bounds that are shown is a run that others can train', () => {
  const ends = [0, 1].map((end) => (field: keyof typeof runBounds) => Number(startBounds(field)?.[end]));
  for (const bound of ends) {
    const config = planRun({
      preset: 'nano',
      seed: 1,
      volunteers: bound('volunteers'),
      rounds: bound('rounds'),
      k: bound('k'),
      ratePercent: bound('ratePercent'),
      open: false,
      fixedWork: false,
      founder: 'a'.repeat(32) as PeerId,
      nonce: 'c'.repeat(32),
      corpus: 'b'.repeat(64) as Digest,
    });
    expect(readRunConfig(canonicalJson(config))).toEqual({ ok: true, value: config });
    expect(config.open).toBe(false);
  }
  expect(startBounds('room')).toBeUndefined();
});

test('an estimate takes one mistyped field as it is at first, and the others as they stand', () => {
  const typed = { ...form, k: '16', rounds: '2000', volunteers: '3' };
  const right = { preset: form.preset, k: 16, rounds: 2000, volunteers: 3 };
  expect(estimable(typed)).toEqual(right);
  expect(estimable({ ...typed, volunteers: '0' })).toEqual({ ...right, volunteers: 1 });
  expect(estimable({ ...typed, rounds: 'many' })).toEqual({ ...right, rounds: 1000 });
  expect(estimable({ ...typed, k: '' })).toEqual({ ...right, k: 8 });
  expect(estimable({ ...typed, ends: false, name: '' })).toEqual({ ...right, rounds: undefined });
});
