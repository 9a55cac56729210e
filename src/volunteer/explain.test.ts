import { expect, test } from 'vitest';
import type { PeerId } from '../base/ids.ts';
import type { SwarmView } from '../swarm/swarm-api.ts';
import { explain } from './explain.ts';

const [self, other] = ['a'.repeat(32) as PeerId, 'b'.repeat(32) as PeerId];
const look = (with_: Partial<SwarmView>): SwarmView => ({
  round: 7,
  members: [self, other],
  connected: [other],
  leader: self,
  isMember: true,
  confirms: [],
  replicasAgree: true,
  rejections: {},
  waitingFor: 'something',
  catchUp: undefined,
  finalRound: 5,
  epoch: 0,
  newestSeen: 7,
  differs: undefined,
  ledger: [],
  ...with_,
});
const trains = { wantsToTrain: true, isFounder: false };
const pauses = { wantsToTrain: false, isFounder: false };

test('a member trains, and is told with how many others', () => {
  expect(explain(look({}), trains)).toMatchObject({
    state: 'training',
    reason: expect.stringMatching(/1 other volunteer\./) as string,
  });
  expect(explain(look({ members: [self] }), trains)).toMatchObject({
    state: 'training',
    reason: expect.stringMatching(/alone/) as string,
  });
});

test('a paused volunteer is told whether anyone goes on without it', () => {
  const followed = explain(look({ isMember: false, members: [other] }), pauses);
  expect(followed).toMatchObject({
    state: 'paused',
    reason: expect.stringMatching(/still follows/) as string,
    fix: undefined,
  });
  const last = explain(look({ members: [self], connected: [] }), pauses);
  expect(last).toMatchObject({
    state: 'paused',
    reason: expect.stringMatching(/stands still until you resume/) as string,
  });
  const deserted = explain(look({ isMember: false, members: [other], connected: [] }), pauses);
  expect(deserted).toMatchObject({
    state: 'paused',
    reason: expect.stringMatching(/no member/) as string,
    fix: expect.stringMatching(/Resume/) as string,
  });
});

test('who waits is told for what; where no member is in reach, also what to do', () => {
  const soon = explain(look({ isMember: false, members: [other] }), trains);
  expect(soon).toMatchObject({ state: 'waiting', reason: 'something', fix: undefined });
  const orphan = explain(look({ isMember: false, members: [], connected: [] }), trains);
  expect(orphan).toMatchObject({
    state: 'waiting',
    fix: expect.stringMatching(/leave and join again/) as string,
  });
  const founder = explain(look({ isMember: false, members: [], connected: [] }), {
    ...trains,
    isFounder: true,
  });
  expect(founder).toMatchObject({ state: 'waiting', fix: expect.stringMatching(/more tabs/) as string });
});

test('a snapshot on its way comes before everything else', () => {
  const view = look({
    catchUp: { bytes: 1, totalBytes: 2, bytesPerSecond: undefined, sources: 1 },
    isMember: false,
  });
  expect(explain(view, trains).state).toBe('catching-up');
  expect(explain(view, pauses).state).toBe('catching-up');
});
