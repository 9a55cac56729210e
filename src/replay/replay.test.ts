import { expect, test } from 'vitest';
import { advanced, toggled, usualSpeed, type Playback } from './playback.ts';
import { ada, ben, cleo, fakeRecording } from './recordings.test-data.ts';
import { Replay } from './replay.ts';

const seconds = (s: number): number => 1_000 * s;

test('a moment of a recording shows what the page showed then', () => {
  const replay = new Replay(fakeRecording());
  const { view, metrics, samples, rounds } = replay.frameAt(seconds(12.5));
  expect(rounds).toBe(13);
  expect(view.records.map(({ round }) => round)).toEqual([6, 7, 8, 9, 10, 11, 12, 13]);
  expect(view.curve).toHaveLength(13);
  expect(view.presences.map(({ id }) => id)).toEqual([ada, ben, cleo]);
  expect(samples).toEqual([{ round: 5, text: 'thh e e ee' }]);
  expect([...metrics.column('round')].at(-1)).toBe(13);
  expect([...metrics.column('bytesUp')].at(-1)).toBe(2_900);
});

test('it can be looked at in any order, and a moment always shows the same', () => {
  const replay = new Replay(fakeRecording());
  const look = (s: number) => {
    const { view, metrics, samples } = replay.frameAt(seconds(s));
    return { view, samples, rounds: [...metrics.column('round')], losses: [...metrics.column('train')] };
  };
  const moments = [3, 39, 12, 0, 25, 12, 39];
  const forwards = [0, 3, 12, 25, 39].map((s) => new Replay(fakeRecording()).frameAt(seconds(s)).view);
  expect(moments.map((s) => look(s).rounds.length)).toEqual(moments.map((s) => s + 1));
  expect([0, 3, 12, 25, 39].map((s) => look(s).view)).toEqual(forwards);
});

test('nothing is drawn again while nothing has changed', () => {
  const replay = new Replay(fakeRecording());
  expect(replay.frameAt(seconds(12.2))).toBe(replay.frameAt(seconds(12.9)));
  expect(replay.frameAt(seconds(13))).not.toBe(replay.frameAt(seconds(12.9)));
});

test('who went is no longer there, and before the first second there is a first round', () => {
  const replay = new Replay(fakeRecording());
  expect(replay.frameAt(seconds(35)).view.presences.map(({ id }) => id)).toEqual([ada, cleo]);
  expect(replay.frameAt(0).rounds).toBe(1);
  expect([replay.lengthMs, replay.momentOf(5), replay.momentOf(1e9)]).toEqual([39_000, 5_000, 39_000]);
});

test('it plays, stops at the end, and begins again from there', () => {
  let playback: Playback = { atMs: 0, isPlaying: true, speed: 4 };
  playback = advanced(playback, 500, seconds(39));
  expect(playback).toEqual({ atMs: 2_000, isPlaying: true, speed: 4 });
  expect(toggled(playback, seconds(39))).toEqual({ atMs: 2_000, isPlaying: false, speed: 4 });
  playback = advanced(playback, 1e9, seconds(39));
  expect(playback).toEqual({ atMs: 39_000, isPlaying: false, speed: 4 });
  expect(advanced(playback, 1e9, seconds(39))).toBe(playback);
  expect(toggled(playback, seconds(39))).toEqual({ atMs: 0, isPlaying: true, speed: 4 });
});

test('a recording is over in about a minute', () => {
  expect([10, 60, 200, 1_000, 1e6].map((s) => usualSpeed(seconds(s)))).toEqual([1, 1, 4, 16, 64]);
});
