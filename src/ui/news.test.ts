import { expect, test } from 'vitest';
import { fakeSnapshot, fakeVolunteer } from './fake-snapshot.test-data.ts';
import type { PageSnapshot } from './host.ts';
import { isUrgent } from './news.ts';
import type { PageState } from './store.ts';

const volunteer = fakeVolunteer({ state: 'training', roundsTrained: 7 });
const snapshot = fakeSnapshot({ volunteer });
const state = { snapshot, pending: undefined, problem: undefined, isMeasuring: false } as PageState;
const shows = (now: PageSnapshot | undefined): PageState => ({ ...state, snapshot: now });

test('an answer to a button, a step and a pause are shown at once', () => {
  const at = (change: Partial<typeof volunteer>): PageState =>
    shows({ ...snapshot, volunteer: { ...volunteer, ...change } });
  for (const now of [
    shows(undefined),
    shows({ ...snapshot, joining: 'looking' }),
    shows({ ...snapshot, view: { ...snapshot.view, signaling: !snapshot.view.signaling } }),
    at({ state: 'paused' }),
    at({ pausedByPerson: !volunteer.pausedByPerson }),
    at({ setUp: { step: 'compile', doing: 'compiling', done: 3, total: 40 } }),
    at({ roundsTrained: 0 }),
    { ...state, pending: 'leave' as const },
    { ...state, problem: { message: 'No.', fix: '' } },
  ])
    expect(isUrgent(state, now)).toBe(true);
});

test('numbers that grow all the time can wait', () => {
  const later = {
    ...volunteer,
    round: volunteer.round + 1,
    roundsTrained: 8,
    bytesUp: volunteer.bytesUp + 5,
  };
  for (const now of [
    state,
    shows({ ...snapshot }),
    shows({ ...snapshot, volunteer: later }),
    shows({ ...snapshot, view: { ...snapshot.view, documentBytes: 1 + snapshot.view.documentBytes } }),
  ])
    expect(isUrgent(state, now)).toBe(false);
});
