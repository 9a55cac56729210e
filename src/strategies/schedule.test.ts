import { describe, expect, test } from 'vitest';
import { cosineSchedule, decayAt, defaultPeak, defaultWarmUp, stepAt } from './schedule.ts';

const peak = defaultPeak;
const warmUp = defaultWarmUp;

describe('the cosine schedule', () => {
  test('rises in a line to the peak, then follows half a cosine to a tenth of it within 0.4% of the peak', () => {
    const rounds = 300;
    const schedule = cosineSchedule({ peak, warmUp, rounds });
    expect(stepAt(schedule, 1)).toBe(Math.floor(peak / warmUp));
    expect(stepAt(schedule, warmUp)).toBe(peak);
    for (let round = 1; round <= rounds; round++) {
      const along = Math.max(0, round - warmUp) / (rounds - warmUp);
      const ideal =
        round <= warmUp ? (peak * round) / warmUp : peak * (0.1 + 0.45 * (1 + Math.cos(Math.PI * along)));
      expect(Math.abs(stepAt(schedule, round) - ideal), `round ${round}`).toBeLessThan(0.004 * peak);
    }
    expect(stepAt(schedule, rounds)).toBe(Math.floor(peak / 10));
    expect(stepAt(schedule, 10 * rounds)).toBe(Math.floor(peak / 10));
  });

  test.each([
    { warmUp: 40, rounds: 3000 },
    { warmUp: 5, rounds: 20 },
    { warmUp: 1, rounds: 1 },
    { warmUp: 0, rounds: 100 },
    { warmUp: 0, rounds: 1 },
    { warmUp: 40, rounds: 10 },
    { warmUp: 3, rounds: 4 },
  ])(
    'has strictly rising rounds and whole steps up to the peak: $rounds rounds, warm-up $warmUp',
    (shape) => {
      const schedule = cosineSchedule({ peak, ...shape });
      schedule.forEach(([round, step], index) => {
        expect(Number.isInteger(round) && Number.isInteger(step)).toBe(true);
        expect(step >= 0 && step <= peak).toBe(true);
        if (index > 0) expect(round).toBeGreaterThan(schedule[index - 1][0]);
      });
      if (shape.rounds > shape.warmUp) expect(stepAt(schedule, shape.rounds)).toBe(Math.floor(peak / 10));
    },
  );
});

test('between breakpoints the step is the floor of the line, rising or falling; outside them the ends hold', () => {
  const schedule = [
    [10, 100],
    [13, 110],
    [16, 101],
  ] as const;
  const steps = [0, 10, 11, 12, 13, 14, 15, 16, 99].map((round) => stepAt(schedule, round));
  expect(steps).toEqual([100, 100, 103, 106, 110, 107, 104, 101, 101]);
  const falling = [
    [0, 10],
    [3, 0],
  ] as const;
  expect([1, 2].map((round) => stepAt(falling, round))).toEqual([6, 3]);
});

test('decay is the step times 64 times the decay, rounded: lr x decay in units of 2^-28', () => {
  expect(decayAt(8389, 100)).toBe(Math.round((8389 / 2 ** 22) * 0.1 * 2 ** 28));
  expect(decayAt(0, 100)).toBe(0);
  expect(decayAt(1, 8)).toBe(1); // 0.512
  expect(decayAt(1, 7)).toBe(0); // 0.448
});
