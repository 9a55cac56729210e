import { expect, test } from 'vitest';
import { ManualClock, type Clock } from '../base/clock.ts';
import { shares, Turns } from './turns.ts';

/** A clock on which what is called may take time. */
function workingClock(): { clock: Clock; work: (ms: number) => void; advance: (ms: number) => void } {
  const manual = new ManualClock();
  let workedMs = 0;
  const clock: Clock = {
    now: () => manual.now() + workedMs,
    after: (delayMs, callback) => manual.after(delayMs, callback),
  };
  return {
    clock,
    work: (ms) => (workedMs += ms),
    advance: (ms) => {
      manual.advance(ms);
    },
  };
}

test('everyone has a turn after a change, a few milliseconds a task, in the order of coming', () => {
  const { clock, work, advance } = workingClock();
  const taken: string[] = [];
  let task = 0;
  const tasks = new Set<number>();
  const counted: Clock = {
    now: () => clock.now(),
    after: (ms, run) =>
      clock.after(ms, () => {
        task++;
        run();
      }),
  };
  const spread = new Turns(counted);
  for (const [name, ms] of [
    ['a', 5],
    ['b', 5],
    ['c', 1],
    ['d', 1],
  ] as const)
    spread.add(() => {
      taken.push(name);
      tasks.add(task);
      work(ms);
    });
  spread.changed();
  spread.changed();
  expect(taken).toEqual([]);
  advance(0);
  expect(taken).toEqual(['a', 'b', 'c', 'd']);
  expect(tasks.size).toBe(2);
});

test('what is new in the middle of a round comes with the next one, a quarter of a second after it began', () => {
  const { clock, advance } = workingClock();
  const turns = new Turns(clock);
  const atMs: number[] = [];
  turns.add(() => {
    atMs.push(clock.now());
    if (atMs.length < 3) turns.changed();
  });
  turns.changed();
  advance(10_000);
  expect(atMs).toEqual([0, 250, 500]);
});

test('what is slow to show is shown more rarely, but every three seconds', () => {
  for (const [costMs, everyMs] of [
    [0.5, 250],
    [1.5, 500],
    [4.5, 1_500],
    [500, 3_000],
  ] as const) {
    const { clock, work, advance } = workingClock();
    const turns = new Turns(clock);
    const atMs: number[] = [];
    turns.add(() => {
      atMs.push(clock.now());
      work(costMs);
      if (atMs.length < 2) turns.changed();
    });
    turns.changed();
    advance(10_000);
    expect((atMs[1] ?? 0) - (atMs[0] ?? 0)).toBe(everyMs);
  }
});

test('what someone waits for is shown everywhere and soon, also where it is out of sight', () => {
  const { clock, work, advance } = workingClock();
  const turns = new Turns(clock);
  const seen: number[] = [];
  const hidden: number[] = [];
  turns.add(() => {
    seen.push(clock.now());
    work(20);
  });
  turns.add(
    () => hidden.push(clock.now()),
    () => false,
  );
  turns.changed();
  advance(100);
  // A round of this cost is followed by a rest of three seconds.
  turns.changed();
  advance(500);
  expect([seen, hidden]).toEqual([[0], [20]]);
  turns.changed(true);
  advance(200);
  expect([seen.length, hidden.length]).toEqual([2, 2]);
  // During a round too: it is followed by another one, and not more often than four times a second.
  let isFirst = true;
  turns.add(() => {
    if (isFirst) turns.changed(true);
    isFirst = false;
  });
  turns.changed(true);
  advance(2_000);
  expect([seen.length, hidden.length]).toEqual([4, 4]);
  expect(Math.min(...seen.slice(1).map((atMs, index) => atMs - (seen[index] ?? 0)))).toBeGreaterThanOrEqual(
    250,
  );
});

test('who is in sight has no turn for the sake of those who wait out of sight', () => {
  const { clock, advance } = workingClock();
  const turns = new Turns(clock);
  const seen: number[] = [];
  const hidden: number[] = [];
  turns.add(() => seen.push(clock.now()));
  turns.add(
    () => hidden.push(clock.now()),
    () => false,
  );
  turns.changed();
  advance(1_000);
  turns.changed();
  advance(20_000);
  expect([seen, hidden]).toEqual([
    [0, 1_000],
    [0, 9_000],
  ]);
  // What comes while they wait is not held up.
  turns.changed();
  advance(100);
  turns.changed();
  advance(1_000);
  expect(seen.slice(2)).toEqual([21_000, 21_250]);
});

test('where nothing is trained, more of the time may go into showing', () => {
  const { clock, work, advance } = workingClock();
  const turns = new Turns(clock, () => shares.watching);
  const atMs: number[] = [];
  turns.add(() => {
    atMs.push(clock.now());
    work(5);
    if (atMs.length < 2) turns.changed();
  });
  turns.changed();
  advance(10_000);
  expect(atMs).toEqual([0, 500]);
});

test('who has gone, and a page that is closed, has no turn', () => {
  const { clock, advance } = workingClock();
  const turns = new Turns(clock);
  const taken: string[] = [];
  const leaveB = turns.add(() => taken.push('never: it goes before its turn'));
  leaveB();
  const leave = { c: (): void => undefined };
  turns.add(() => {
    taken.push('a');
    leave.c();
  });
  leave.c = turns.add(() => taken.push('never: it goes during the round'));
  turns.changed();
  advance(100);
  expect(taken).toEqual(['a']);
  turns.changed();
  turns.stop();
  advance(10_000);
  expect(taken).toEqual(['a']);
  turns.changed();
  advance(10_000);
  expect(taken).toEqual(['a', 'a']);
});

test('what is out of sight is shown every nine seconds, and at once when it comes into sight', () => {
  const { clock, advance } = workingClock();
  const turns = new Turns(clock);
  const atMs: number[] = [];
  const seen: number[] = [];
  let isInSight = false;
  turns.add(() => seen.push(clock.now()));
  turns.add(
    () => atMs.push(clock.now()),
    () => isInSight,
  );
  turns.changed();
  advance(100);
  turns.changed();
  advance(11_000);
  expect([atMs, seen[1]]).toEqual([[0, 9_000], 250]);
  const [shown, last] = [atMs.length, seen.length];
  advance(10_000);
  // All of it was shown: nothing is done until something is new.
  expect([atMs.length, seen.length]).toEqual([shown, last]);
  isInSight = true;
  turns.changed();
  advance(0);
  expect(atMs.at(-1)).toBe(21_100);
});
