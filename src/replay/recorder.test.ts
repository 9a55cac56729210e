import { expect, test } from 'vitest';
import {
  fakeLine,
  fakePeer,
  fakePresence,
  fakeRecord,
  fakeVolunteer,
} from '../ui/fake-snapshot.test-data.ts';
import { MetricsHistory } from '../volunteer/metrics.ts';
import type { RunView } from '../volunteer/run-view.ts';
import type { RecordSummary } from '../volunteer/status.ts';
import { Recorder, type Seen } from './recorder.ts';
import { readRecording, writeRecording } from './recording-file.ts';
import { recordingLimits } from './recording.ts';
import { ada, ben, stateOf } from './recordings.test-data.ts';

const run: NonNullable<RunView['run']> = { preset: 'nano', parameters: 164_160, seed: 1, startedBy: ada };
const record = (round: number, with_: Partial<RecordSummary> = {}): RecordSummary => ({
  ...fakeRecord(round, stateOf(round)),
  ...{ leader: ada, train: 2 + 1 / round, ...with_ },
});
const records = (from: number, to: number): RecordSummary[] =>
  Array.from({ length: to - from + 1 }, (_, i) => record(from + i));

const viewOf = (with_: Partial<RunView>): RunView => ({
  ...{ connected: true, signaling: true, run, presences: [], records: [], curve: [], sample: undefined },
  ...{ documentBytes: 0, rejections: {} },
  ...with_,
});
const watching = (with_: Partial<RunView>): Seen => ({ view: viewOf(with_), volunteer: undefined });
const recordingOf = (recorder: Recorder) => {
  const made = recorder.recording('whales', '2026-11-23');
  if (made === undefined) throw new Error('nothing was recorded');
  // Whatever is recorded can be read again.
  expect(readRecording(writeRecording(made))).toMatchObject({ ok: true });
  return made;
};

test('a viewer records the announced rounds when it saw them, and what was before as a curve', () => {
  const recorder = new Recorder();
  const curve = [1, 2, 3, 4].map((round) => ({ round, train: 5, validation: undefined }));
  recorder.saw(watching({}), 1_000);
  expect(recorder.recording('whales', '2026-11-23')).toBeUndefined();
  recorder.saw(watching({ records: records(3, 5), curve }), 5_000);
  recorder.saw(watching({ records: records(3, 6), curve }), 7_500);
  const { rounds, past, seenBy } = recordingOf(recorder);
  expect(rounds.map(({ round, atMs }) => [round, atMs])).toEqual([
    [3, 0],
    [4, 0],
    [5, 0],
    [6, 2_500],
  ]);
  expect(past.map(({ round }) => round)).toEqual([1, 2]);
  expect(seenBy).toBe('viewer');
  expect(rounds[0]).toMatchObject({ bytesUp: undefined, members: undefined, leader: ada });
});

test('a volunteer records what it measured, who was a member, and which rounds were taken back', () => {
  const recorder = new Recorder();
  const history = new MetricsHistory();
  for (let round = 1; round <= 6; round++)
    history.add({ round, train: 5, bytesUp: 1_000 + round, roundMs: 900 });
  const seen = (own: RecordSummary[]): Seen => ({
    view: viewOf({ presences: [fakePresence(ben)] }),
    volunteer: fakeVolunteer({
      ...{ self: ada, records: own, ledger: [fakeLine(own.at(-1)?.round ?? 0, { members: 2 })] },
      peers: [fakePeer(ada, { self: true })],
    }),
    metrics: history.view,
  });
  recorder.saw(seen(records(1, 5)), 0);
  recorder.saw(seen([...records(1, 3), record(4, { state: stateOf(99) })]), 1_000);
  recorder.saw(seen([...records(1, 3), record(4, { state: stateOf(99) }), ...records(5, 6)]), 2_000);
  const { rounds, company, peers, seenBy } = recordingOf(recorder);
  expect(seenBy).toBe('volunteer');
  expect(rounds.map(({ round, state }) => [round, state])).toEqual([
    ...[1, 2, 3].map((round) => [round, stateOf(round)]),
    [4, stateOf(99)],
    ...[5, 6].map((round) => [round, stateOf(round)]),
  ]);
  expect(rounds[4]).toMatchObject({ atMs: 2_000, bytesUp: 1_005, roundMs: 900, members: 1 });
  expect(rounds[5]).toMatchObject({ members: 2 });
  expect(company.map(({ id, member }) => [id, member])).toEqual([
    [ada, true],
    [ben, true],
  ]);
  expect(peers.map(({ id }) => id).sort()).toEqual([ada, ben].sort());
});

test('a volunteer off the network records what is announced meanwhile', () => {
  const recorder = new Recorder();
  const volunteer = fakeVolunteer({ self: ada, records: records(1, 5) });
  const seen = (to: number, with_: Partial<typeof volunteer>): Seen => ({
    view: viewOf({ records: records(1, to) }),
    volunteer: { ...volunteer, ...with_ },
  });
  recorder.saw(seen(5, {}), 0);
  recorder.saw(seen(7, { state: 'paused', isAside: true }), 1_000);
  recorder.saw(seen(8, { records: records(6, 8) }), 2_000);
  const { rounds, seenBy } = recordingOf(recorder);
  expect(rounds.map(({ round }) => round)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(seenBy).toBe('volunteer');
});

test('who comes, goes and changes speed is recorded once, and texts too', () => {
  const recorder = new Recorder();
  const at = (with_: Partial<RunView>, nowMs: number) =>
    recorder.saw(watching({ records: records(1, 1), ...with_ }), nowMs);
  at({ presences: [fakePresence(ada, { tokensPerSecond: 100 })] }, 0);
  at({ presences: [fakePresence(ada, { tokensPerSecond: 104 })] }, 1_000);
  at(
    { presences: [fakePresence(ada, { tokensPerSecond: 200 })], sample: { round: 1, text: 'the the' } },
    2_000,
  );
  at({ presences: [], sample: { round: 1, text: 'the the' } }, 3_000);
  const { company, samples } = recordingOf(recorder);
  expect(company.map(({ atMs, doing, tokensPerSecond }) => [atMs, doing, tokensPerSecond])).toEqual([
    [0, 'training', 100],
    [2_000, 'training', 200],
    [3_000, undefined, undefined],
  ]);
  expect(samples).toEqual([{ atMs: 2_000, round: 1, text: 'the the' }]);
});

test('another run in the room begins anew, and announced records take nothing back', () => {
  const recorder = new Recorder();
  recorder.saw(watching({ records: records(1, 8) }), 0);
  recorder.saw(watching({ records: [record(2, { state: stateOf(77) })] }), 1_000);
  expect(recordingOf(recorder).rounds).toHaveLength(8);
  const other = watching({ run: { ...run, seed: 2 }, records: records(1, 2) });
  recorder.saw(other, 2_000);
  expect(recordingOf(recorder).rounds).toHaveLength(8);
  recorder.saw(other, 30_000);
  expect(recordingOf(recorder).rounds.map(({ atMs }) => atMs)).toEqual([0, 0]);
});

const roundsOf = (recorder: Recorder) => recordingOf(recorder).rounds.map(({ round }) => round);
const never = record(999_999_999, { state: stateOf(9_999) });

test('announced records of several leaders, each told some at a time, all find their place', () => {
  const recorder = new Recorder();
  const only = (...rounds: number[]) => watching({ records: rounds.map((round) => record(round)) });
  recorder.saw(only(1, 2), 1_000);
  recorder.saw(only(1, 2, 4, 6), 2_000);
  recorder.saw(only(1, 2, 3, 4, 5, 6, 7), 2_500);
  expect(recordingOf(recorder).rounds.map(({ round, atMs }) => [round, atMs])).toEqual([
    [1, 0],
    [2, 0],
    [3, 1_000],
    [4, 1_000],
    [5, 1_000],
    [6, 1_000],
    [7, 1_500],
  ]);
});

test('a round that is never reached, announced by anyone, does not end a recording', () => {
  const watcher = new Recorder();
  for (let to = 1; to <= 6; to++) {
    const hostile = [never, record(999_999_999 + to, { state: stateOf(9_999 + to) })];
    watcher.saw(watching({ records: [...records(1, to), ...hostile] }), to * 30_000);
  }
  expect(roundsOf(watcher)).toEqual([1, 2, 3, 4, 5, 6]);
  const volunteer = new Recorder();
  const with_ = (own: RecordSummary[], announced: RecordSummary[]): Seen => ({
    view: viewOf({ records: announced }),
    volunteer: fakeVolunteer({ self: ada, records: own }),
  });
  volunteer.saw(with_([], [never]), 0);
  expect(roundsOf(volunteer)).toEqual([999_999_999]);
  volunteer.saw(with_(records(1, 3), [never]), 1_000);
  volunteer.saw(with_(records(1, 4), [never]), 2_000);
  expect(roundsOf(volunteer)).toEqual([1, 2, 3, 4]);
});

test('after a long sleep a recording goes on once the rounds far ahead go on', () => {
  const recorder = new Recorder();
  recorder.saw(watching({ records: records(1, 3) }), 0);
  recorder.saw(watching({ records: [...records(5_000, 5_003), never] }), 1_000);
  expect(roundsOf(recorder)).toEqual([1, 2, 3]);
  recorder.saw(watching({ records: [...records(5_000, 5_009), never] }), 25_000);
  recorder.saw(watching({ records: [...records(5_000, 5_010), never] }), 26_000);
  expect(roundsOf(recorder).slice(0, 4)).toEqual([1, 2, 3, 5_000]);
  expect(roundsOf(recorder).at(-1)).toBe(5_010);
});

test('a run of any length fits', () => {
  const recorder = new Recorder();
  const rounds = recordingLimits.rounds + 5_000;
  for (let round = 1; round <= rounds; round += 8)
    recorder.saw(watching({ records: records(round, round + 7) }), round);
  expect(recorder.length).toBeLessThanOrEqual(recordingLimits.rounds);
  const made = recordingOf(recorder);
  expect(made.rounds[0]?.round).toBe(1);
  expect(made.rounds.at(-1)?.round).toBe(rounds);
});
