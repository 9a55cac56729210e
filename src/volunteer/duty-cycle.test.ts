import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { SeededRandom } from '../base/random.ts';
import { DutyCycle, isShare } from './duty-cycle.ts';

/** A GPU that is kept busy for given times, on a clock of its own. */
class Work {
  readonly clock = new ManualClock();
  busyMs = 0;
  readonly duty = new DutyCycle(this.clock, () => this.busyMs);

  /** Computes, then rests as asked to. */
  async submit(ms: number): Promise<void> {
    this.busyMs += ms;
    this.clock.advance(ms);
    const before = this.clock.now();
    let rested = false;
    const rest = this.duty.rest().then(() => {
      rested = true;
    });
    await Promise.resolve();
    for (let waited = 0; waited < 1e6; waited++) {
      await Promise.resolve();
      if (rested) break;
      this.clock.advance(1);
    }
    await rest;
    expect(this.clock.now()).toBeGreaterThanOrEqual(before);
  }
}

test.each([0.1, 0.25, 0.5, 0.9, 1])('work of any lengths is kept to a share of %f', async (share) => {
  const work = new Work();
  const random = new SeededRandom(5);
  work.duty.share = share;
  for (let n = 0; n < 300; n++) await work.submit(1 + random.below(80));
  expect(work.busyMs / work.clock.now()).toBeGreaterThan(share * 0.98);
  expect(work.busyMs / work.clock.now()).toBeLessThan(Math.min(1, share * 1.02) + 1e-9);
  expect(work.duty.measured).toBeGreaterThan(share * 0.9);
  expect(work.duty.measured).toBeLessThanOrEqual(Math.min(1, share * 1.1));
});

test('time spent waiting for others counts as rest, but not for a long burst', async () => {
  const work = new Work();
  work.duty.share = 0.5;
  work.clock.advance(60_000);
  let burst = 0;
  while (burst < 10_000) {
    const before = work.clock.now();
    await work.submit(100);
    burst += 100;
    if (work.clock.now() - before > 100) break;
  }
  expect(burst).toBeGreaterThanOrEqual(1_000);
  expect(burst).toBeLessThanOrEqual(2_200);
});

test('a change of the share ends a rest, and what was done before it is not owed again', async () => {
  const work = new Work();
  work.duty.share = 0.01;
  work.busyMs += 1_000;
  work.clock.advance(1_000);
  let rested = false;
  const rest = work.duty.rest().then(() => {
    rested = true;
  });
  await Promise.resolve();
  expect(rested).toBe(false);
  work.duty.share = 1;
  await rest;
  expect(work.duty.owedMs).toBe(0);
  work.duty.share = 0.5;
  expect(work.duty.owedMs).toBe(0);
});

test('a rest ends when what it is part of is over, and the rest of it stays owed, as much as there may be', async () => {
  const work = new Work();
  work.duty.share = 0.25;
  for (const [ms, owed] of [
    [1_000, 2_500], // of 3 s
    [100, 2_300], // of 300 ms more, after half a second in each
    [90_000, 5_500], // of 6 s, the most that is owed for much in one go
  ]) {
    work.busyMs += ms;
    work.clock.advance(ms);
    const over = new AbortController();
    const rest = work.duty.rest(over.signal);
    work.clock.advance(500);
    over.abort();
    await rest;
    expect(work.duty.owedMs).toBeCloseTo(owed);
    await work.duty.rest(over.signal); // at once
  }
  work.clock.advance(5_500);
  expect(work.duty.owedMs).toBe(0);
});

test('what a long micro-batch owes is not cut to what a short one may, where its rest ended early', async () => {
  const work = new Work();
  work.duty.share = 0.5;
  for (let n = 0; n < 4; n++) await work.submit(12_000);
  const rests: number[] = [];
  for (const ms of [12_000, 5, 5]) {
    work.busyMs += ms;
    work.clock.advance(ms);
    const over = new AbortController();
    const rest = work.duty.rest(over.signal);
    over.abort();
    await rest;
    rests.push(work.duty.owedMs);
  }
  expect(Math.min(...rests)).toBeGreaterThan(11_900);
});

test('what setting up took is not owed, and of much work in one go only two seconds are', async () => {
  const work = new Work();
  work.duty.share = 0.1;
  work.busyMs += 20_000;
  work.clock.advance(20_000);
  work.duty.startAnew();
  expect(work.duty.owedMs).toBe(0);
  await work.submit(100);
  work.busyMs += 60_000; // applies the rounds it missed
  work.clock.advance(60_000);
  expect(work.duty.owedMs).toBeCloseTo(18_000);
  await work.submit(100);
  expect(work.duty.owedMs).toBeLessThan(4);
  const start = work.clock.now();
  for (let n = 0; n < 20; n++) await work.submit(100);
  expect((work.clock.now() - start) / 20_000).toBeCloseTo(1, 1); // and the share is kept again
});

test('a micro-batch that takes longer than that is rested for in full, but for the first ones', async () => {
  const work = new Work();
  work.duty.share = 0.5;
  for (let n = 0; n < 4; n++) await work.submit(12_000);
  const start = work.clock.now();
  for (let n = 0; n < 5; n++) await work.submit(12_000);
  expect(work.clock.now() - start).toBeCloseTo(5 * 24_000, -2);
});

test('a share is a number from 0.01 to 1, whoever sends it', () => {
  const sent: unknown[] = [0.5, 1, 0.01, 9e-3, -0, 1.01, NaN, Infinity, '0.5', null, undefined, {}];
  expect(sent.map(isShare)).toEqual([true, true, true, ...Array<boolean>(9).fill(false)]);
  expect(() => {
    new Work().duty.share = 0;
  }).toThrow(/from 0.01/);
});
