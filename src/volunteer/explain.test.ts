import { expect, test } from 'vitest';
import type { PeerId } from '../base/ids.ts';
import type { SwarmView } from '../swarm/swarm-api.ts';
import { explain, type Circumstances } from './explain.ts';

const [self, other] = ['a'.repeat(32) as PeerId, 'b'.repeat(32) as PeerId];
const look = (with_: Partial<SwarmView>): SwarmView => ({
  round: 7,
  members: [self, other],
  active: [self, other],
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
const usual = { wantsToTrain: true, isFounder: false, catchUp: undefined, waitsLong: false };
const trains: Circumstances = usual;
const pauses: Circumstances = { ...usual, wantsToTrain: false };

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
  const catchUp = { stage: 'model', done: 1, total: 2, perSecond: undefined, sources: 1 } as const;
  const view = look({ isMember: false });
  expect(explain(view, { ...trains, catchUp }).state).toBe('catching-up');
  expect(explain(view, { ...pauses, catchUp }).state).toBe('catching-up');
});

test('a latecomer is told that it follows, then that it trains silently; paused, only that', () => {
  const view = look({ isMember: false });
  const at = (stage: 'rounds' | 'warm-up') => ({
    stage,
    done: 1,
    total: 8,
    perSecond: undefined,
    sources: 0,
  });
  expect(explain(view, { ...trains, catchUp: at('rounds') })).toMatchObject({
    state: 'catching-up',
    reason: expect.stringMatching(/Following/) as string,
  });
  expect(explain(view, { ...trains, catchUp: at('warm-up') }).reason).toMatch(/silently/);
  expect(explain(view, { ...pauses, catchUp: at('warm-up') }).state).toBe('paused');
});

test('who has waited long for a record is told whose', () => {
  const view = look({ waitingFor: 'Round 8 waits for abcdef.' });
  expect(explain(view, { ...trains, waitsLong: true })).toMatchObject({
    state: 'training',
    reason: 'Round 8 waits for abcdef.',
  });
});
