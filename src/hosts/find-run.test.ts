import { expect, test } from 'vitest';
import type { PeerId } from '../base/ids.ts';
import type { Presence } from '../swarm/announcements.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { answerToAnotherRun, isHeld, Listening } from './find-run.ts';

const [founder, other] = ['a'.repeat(32) as PeerId, 'b'.repeat(32) as PeerId];
const presence = (with_: Partial<Presence>): Presence => ({
  id: other,
  adapter: 'a GPU',
  software: false,
  tokensPerSecond: undefined,
  state: 'waiting',
  round: 0,
  member: false,
  ...with_,
});

test('a run is held by who has it, by its founder before it starts, and by one that finished it', () => {
  expect(isHeld(founder, [presence({ state: 'paused', round: 40 })])).toBe(true);
  expect(isHeld(founder, [presence({ member: true, state: 'training' })])).toBe(true);
  expect(isHeld(founder, [presence({ id: founder })])).toBe(true);
  expect(isHeld(founder, [presence({ state: 'finished' })])).toBe(true);
});

test('a run is not held by those who wait for someone who left it', () => {
  expect(isHeld(founder, [])).toBe(false);
  expect(isHeld(founder, [presence({}), presence({ state: 'catching-up' })])).toBe(false);
});

test('a newcomer listens five seconds from when the server is reached, and longer while a document is on its way', () => {
  const quiet = { signaling: true, connected: false, synced: false };
  const listening = new Listening(1_000, undefined);
  expect(listening.isEnough({ ...quiet, signaling: false }, 4_000)).toBe(false);
  expect(listening.isEnough(quiet, 5_000)).toBe(false);
  expect(listening.isEnough(quiet, 9_999)).toBe(false);
  expect(listening.isEnough({ ...quiet, connected: true }, 10_500)).toBe(false);
  expect(listening.isEnough(quiet, 10_500)).toBe(true);
  expect(new Listening(60_000, 1_000).isEnough(quiet, 60_000)).toBe(true);
  expect(new Listening(0, undefined).isEnough({ ...quiet, signaling: false }, 12_000)).toBe(true);
});

const volunteer = (members: number, round: number, member = true): VolunteerStatus =>
  ({ members, round, peers: [{ self: true, member }] }) as unknown as VolunteerStatus;

test('of two runs in a room the young lone one gives way, and members of the older one announce it again', () => {
  expect(answerToAnotherRun(undefined)).toBe('follow');
  expect(answerToAnotherRun(volunteer(1, 20))).toBe('follow');
  expect(answerToAnotherRun(volunteer(1, 21))).toBe('insist');
  expect(answerToAnotherRun(volunteer(3, 2))).toBe('insist');
  expect(answerToAnotherRun(volunteer(1, 300, false))).toBe('ignore');
});
