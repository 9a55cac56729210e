import { expect, test } from 'vitest';
import type { RoundTiming } from '../../volunteer/status.ts';
import { heartbeatOf, tracePoints } from './heartbeat.ts';

const round = (number: number, agreedMs: number | undefined): RoundTiming => ({
  round: number,
  startMs: undefined,
  leader: undefined,
  recordMs: undefined,
  agreedMs,
  appliedMs: undefined,
  peers: [],
});

test('each round agreed on is a beat where it was in time, and the one in progress is none', () => {
  const heart = heartbeatOf({
    nowMs: 10_000,
    rounds: [round(1, 4_000), round(2, 7_000), round(3, undefined)],
  });
  expect(heart.sinceMs).toBe(3_000);
  expect(heart.beats.map((beat) => beat.round)).toEqual([1, 2]);
  const [first, second] = heart.beats.map(({ at }) => at);
  expect(first).toBeGreaterThan(0);
  expect(second).toBeCloseTo(1 - 3_000 / 6_360);
});

test('before the first there is a flat line', () => {
  const heart = heartbeatOf({ nowMs: 10, rounds: [round(0, undefined)] });
  expect(heart).toEqual({ beats: [], sinceMs: undefined });
  expect(tracePoints(heart, 100, 20)).toBe('0.0,12.4 100.0,12.4');
});

test('the trace never runs backwards or out of its box, however close the beats', () => {
  const rounds = [1, 2, 3, 4, 5].map((n) => round(n, 1_000 + n));
  for (const nowMs of [1_005, 1_010, 60_000]) {
    const points = tracePoints(heartbeatOf({ nowMs, rounds }), 200, 40)
      .split(' ')
      .map((point) => point.split(',').map(Number) as [number, number]);
    for (const [i, [x, y]] of points.entries()) {
      expect(x).toBeGreaterThanOrEqual(points[i - 1]?.[0] ?? 0);
      expect(x).toBeLessThanOrEqual(200);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(40);
    }
  }
});
