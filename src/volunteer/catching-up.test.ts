import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import type { SwarmView } from '../swarm/swarm-api.ts';
import { CatchingUp, warmUpRounds } from './catching-up.ts';

const look = (with_: Partial<SwarmView>): SwarmView =>
  ({ round: 40, newestSeen: 40, catchUp: undefined, ...with_ }) as SwarmView;

test('a latecomer goes through the model, the rounds since and the warm-up, and measures the way', () => {
  const clock = new ManualClock();
  const catching = new CatchingUp(clock);
  catching.ask();
  const progress = { bytes: 3, totalBytes: 9, bytesPerSecond: 2, sources: 2 };
  expect(catching.status(look({ catchUp: progress }), 0)).toEqual({
    ...{ stage: 'model', done: 3, total: 9, perSecond: 2, sources: 2 },
  });
  clock.advance(1_000);
  catching.enter(32, { isLate: true, warmsUp: true });
  expect(catching.status(look({}), 32)).toEqual({
    ...{ stage: 'rounds', done: 0, total: 8, perSecond: undefined, sources: 0 },
  });
  clock.advance(500);
  catching.followed(false);
  expect(catching.joinMs).toBe(1_500);
  expect(catching.status(look({}), 33)).toMatchObject({ stage: 'rounds', done: 1, perSecond: 2 });
  expect(catching.status(look({}), 39)).toMatchObject({ stage: 'warm-up', done: 0, total: warmUpRounds });
  for (let n = 1; n < warmUpRounds; n++) expect(catching.trainedSilently()).toBe(false);
  expect(catching.status(look({}), 39)).toMatchObject({ done: warmUpRounds - 1 });
  expect(catching.trainedSilently()).toBe(true);
  expect(catching.status(look({}), 39)).toBe(undefined);
  expect(catching.joinMs).toBe(1_500);
});

test('who was there from the start was never late', () => {
  const catching = new CatchingUp(new ManualClock());
  catching.ask();
  catching.enter(0, { isLate: false, warmsUp: false });
  catching.followed(true);
  expect(catching.joinMs).toBe(undefined);
  expect(catching.status(look({ round: 1, newestSeen: 1 }), 1)).toBe(undefined);
});

test("once at the head, a stranger's word for a far round changes nothing", () => {
  const catching = new CatchingUp(new ManualClock());
  catching.enter(40, { isLate: true, warmsUp: false });
  const boast = look({ newestSeen: 1e6 });
  expect(catching.status(boast, 40)).toMatchObject({ stage: 'rounds' });
  catching.followed(true);
  expect(catching.status(boast, 40)).toBe(undefined);
});
