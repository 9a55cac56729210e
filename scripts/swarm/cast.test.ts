import { expect, test } from 'vitest';
import type { PeerId } from '../../src/base/ids.ts';
import type { PeerStatus, VolunteerStatus } from '../../src/volunteer/status.ts';
import { Cast, within } from './cast.ts';
import type { VolunteerDriver } from './driver.ts';
import { fakeRecords, fakeStatus } from './fake-life.test-data.ts';

const peer = (id: string, leader: boolean): PeerStatus => ({
  id: id as PeerId,
  self: false,
  member: true,
  connected: true,
  leader,
  state: undefined,
  adapter: undefined,
  tokensPerSecond: undefined,
  link: undefined,
});

/** A volunteer that notes what is done to it and is as far as `states` says. */
class FakeVolunteer implements VolunteerDriver {
  readonly host = 'chromium';
  readonly errors: readonly string[] = [];
  readonly done: string[] = [];
  isGone = false;
  id: string;
  states: string;
  more: Partial<VolunteerStatus>;

  constructor(id: string, states: string, more: Partial<VolunteerStatus> = {}) {
    this.id = id;
    this.states = states;
    this.more = more;
  }

  status(): Promise<VolunteerStatus | undefined> {
    if (this.isGone) return Promise.resolve(undefined);
    return Promise.resolve(
      fakeStatus(fakeRecords(1, this.states), {
        self: this.id as PeerId,
        state: 'training',
        ...this.more,
      }),
    );
  }

  join = () => this.#note('join');
  close = () => this.#note('close');
  kill = () => this.#note('kill');
  reload = () => this.#note('reload');

  #note(what: string): Promise<void> {
    this.done.push(what);
    return Promise.resolve();
  }
}

const castOf = (...volunteers: FakeVolunteer[]): Cast => {
  const cast = new Cast(() => Promise.resolve(new FakeVolunteer('late', '')), 1);
  for (const volunteer of volunteers) cast.add(volunteer);
  return cast;
};

test('the tab of whom the furthest volunteer calls leader is closed, and what it held is kept', async () => {
  const one = new FakeVolunteer('one', 'ab', { peers: [peer('one', true)] });
  const two = new FakeVolunteer('two', 'abc', { peers: [peer('one', false), peer('two', true)] });
  const cast = castOf(one, two);
  const performed = await cast.perform({ round: 3, action: 'close-leader' });
  expect(performed?.done).toEqual({ round: 3, action: 'close-leader', volunteer: 2 });
  expect([one.done, two.done]).toEqual([[], ['close']]);
  two.states = 'abcd';
  await cast.look();
  expect(cast.witnesses[1].lives[0]).toMatchObject({ ended: 'closed', status: { round: 3 } });
  expect(cast.drivers).toEqual([one]);
});

test('between two leaders nothing is done', async () => {
  const one = new FakeVolunteer('one', 'ab', { peers: [peer('gone', true)] });
  expect(await castOf(one).perform({ round: 2, action: 'close-leader' })).toBeUndefined();
  expect(one.done).toEqual([]);
});

test('a reload begins a second life, and the tab is expected to finish', async () => {
  const one = new FakeVolunteer('one', 'abc', { state: 'finished' });
  const cast = castOf(one);
  await cast.look();
  expect(cast.isFinished).toBe(true);
  await cast.perform({ round: 3, action: 'reload' });
  expect(one.done).toEqual(['reload']);
  expect(cast.isFinished).toBe(false);
  one.states = 'abcde';
  await cast.look();
  expect(cast.isFinished).toBe(true);
  expect(cast.witnesses[0].lives.map(({ ended, log }) => [ended, log.all.length])).toEqual([
    ['reloaded', 3],
    [undefined, 5],
  ]);
});

test('a latecomer, a reloaded and a killed volunteer are three different ones', async () => {
  const volunteers = ['one', 'two'].map((id) => new FakeVolunteer(id, 'abc'));
  const cast = castOf(...volunteers);
  for (const action of ['join', 'reload', 'kill'] as const) await cast.perform({ round: 3, action });
  expect(volunteers.flatMap(({ done }) => done).sort()).toEqual(['kill', 'reload']);
  expect(cast.witnesses.map(({ latecomer }) => latecomer)).toEqual([false, false, true]);
  expect(cast.drivers).toHaveLength(2);
});

test('a volunteer that fails ends the run with its name, its reason and what to do', async () => {
  const failed = new FakeVolunteer('two', 'a', {
    state: 'failed',
    reason: 'The GPU was lost.',
    fix: 'Join again.',
  });
  await expect(castOf(new FakeVolunteer('one', 'a'), failed).look()).rejects.toThrow(
    'volunteer 2 (chromium) failed: The GPU was lost. Join again.',
  );
});

test('a volunteer that is gone of itself ends the run; one that has not begun does not', async () => {
  const one = new FakeVolunteer('one', 'a');
  const cast = castOf(one);
  one.isGone = true;
  await cast.look();
  one.isGone = false;
  await cast.look();
  one.isGone = true;
  await expect(cast.look()).rejects.toThrow('volunteer 1 (chromium) is gone');
});

test('what does not answer in time is a problem that says so', async () => {
  const silent = new Promise<never>(() => undefined);
  await expect(within(10, silent, 'volunteer 1 does not answer')).rejects.toThrow(
    'volunteer 1 does not answer (waited 0.01 s)',
  );
  await expect(within(10_000, Promise.resolve(7), 'late')).resolves.toBe(7);
});
