import { expect, test } from 'vitest';
import { felt, noPulse, timelineOf } from './embed-pulse.ts';
import { fakeRecord } from './fake-snapshot.test-data.ts';
import { heartbeatOf } from './swarm/heartbeat.ts';

const upTo = (round: number) => [fakeRecord(round - 1, 'ab'), fakeRecord(round, 'cd')];

test('a beat is a round that was heard of, not one that was there before', () => {
  const first = felt(noPulse, upTo(40), 1_000);
  expect(first).toEqual({ newest: 40, beats: [] });
  const second = felt(first, upTo(41), 2_000);
  expect(second.beats).toEqual([{ round: 41, atMs: 2_000 }]);
  expect(felt(second, upTo(41), 3_000)).toBe(second);
  expect(felt(second, [], 3_000)).toBe(second);
  expect(felt(second, upTo(3), 4_000)).toEqual({ newest: 3, beats: [] });
});

test('only the newest beats are kept, and they are drawn as a volunteer’s are', () => {
  let pulse = felt(noPulse, upTo(1), 0);
  for (let round = 2; round <= 100; round++) pulse = felt(pulse, upTo(round), 1_000 * round);
  expect(pulse.beats).toHaveLength(16);
  const { beats, sinceMs } = heartbeatOf(timelineOf(pulse, 101_500));
  expect(beats.at(-1)?.round).toBe(100);
  expect(sinceMs).toBe(1_500);
});
