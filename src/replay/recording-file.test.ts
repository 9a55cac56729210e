import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRecording, writeRecording } from './recording-file.ts';
import { recordingLimits } from './recording.ts';
import { ada, fakeRecording, fakeRound } from './recordings.test-data.ts';

type Json = Record<string, unknown> & { rounds: Record<string, unknown[]>; samples: unknown[][] };
const written = (): Json => JSON.parse(writeRecording(fakeRecording())) as Json;
const read = (json: unknown) => readRecording(JSON.stringify(json));
const reason = (json: unknown): string => {
  const outcome = read(json);
  return outcome.ok ? 'accepted' : outcome.reason;
};

test('a recording comes back from its file as it was, and its file is small', () => {
  const recording = fakeRecording(300);
  const file = writeRecording(recording);
  expect(readRecording(file)).toEqual({ ok: true, value: recording });
  expect(file.length).toBeLessThan(300 * 130);
});

test('what was not measured stays unknown', () => {
  const bare = fakeRound(3, { roundMs: undefined, bytesUp: undefined, members: undefined, train: undefined });
  const recording = fakeRecording(0, { rounds: [bare], samples: [], company: [] });
  expect(readRecording(writeRecording(recording))).toEqual({ ok: true, value: recording });
});

test('a file says by its reason what is wrong with it', () => {
  expect(reason(written())).toBe('accepted');
  expect(readRecording('{')).toEqual({ ok: false, reason: 'recording is not JSON' });
  expect(readRecording(' '.repeat(recordingLimits.characters + 1))).toEqual({
    ok: false,
    reason: 'recording too long',
  });
  expect(reason({ ...written(), version: 2 })).toBe('recording of a newer version');
  expect(reason({ ...written(), extra: 1 })).toBe('recording has the wrong shape');
  expect(reason(null)).toBe('recording has the wrong shape');
  const change = (name: string, to: (column: unknown[]) => unknown[]): Json => {
    const json = written();
    return { ...json, rounds: { ...json.rounds, [name]: to(json.rounds[name] ?? []) } };
  };
  expect(reason(change('train', (column) => column.slice(1)))).toBe('recording with uneven columns');
  expect(reason(change('round', (column) => column.map(() => 0)))).toBe('recording with a round twice');
  expect(reason(change('leader', (column) => column.map(() => 9)))).toBe('recording names an unknown peer');
  expect(reason(change('round', (column) => column.map(() => 1e9)))).toBe('recording out of bounds');
  const json = written();
  expect(reason({ ...json, samples: [...json.samples].reverse() })).toBe('recording out of order');
  expect(reason({ ...json, past: [[1, 5, null]] })).toBe('recording out of order');
  expect(
    reason({
      ...json,
      peers: [
        [ada, '', false],
        [ada, '', false],
      ],
    }),
  ).toBe('recording with a peer twice');
  const none = Object.fromEntries(Object.keys(json.rounds).map((name) => [name, []]));
  expect(reason({ ...json, rounds: none })).toBe('recording without rounds');
});

test('no file makes the reader throw, whatever is put in whichever place', () => {
  const places = fc.constantFrom(...Object.keys(written()), ...Object.keys(written().rounds));
  fc.assert(
    fc.property(places, fc.anything({ withBigInt: false }), fc.nat(), (place, value, index) => {
      const json = written();
      const column = json.rounds[place];
      if (column === undefined) json[place] = value;
      else column[index % column.length] = value;
      const outcome = readRecording(JSON.stringify(json));
      if (outcome.ok) expect(readRecording(writeRecording(outcome.value))).toMatchObject({ ok: true });
    }),
    { numRuns: 2_000 },
  );
});
