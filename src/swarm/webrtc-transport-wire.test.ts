import { expect, test } from 'vitest';
import { wireStatsOf } from './webrtc-transport-wire.ts';

const channel = (bytesSent: number, bytesReceived: number) => ({
  type: 'data-channel',
  bytesSent,
  bytesReceived,
});
const pair = (id: string, currentRoundTripTime: unknown, more = {}) => ({
  type: 'candidate-pair',
  id,
  state: 'succeeded',
  currentRoundTripTime,
  ...more,
});

test('bytes are those of data channels alone, and the round trip is that of the selected pair, in ms', () => {
  const reports = [
    channel(100, 200),
    pair('a', 0.5, { nominated: true, bytesSent: 9_999 }),
    pair('b', 0.025, { nominated: true }),
    { type: 'transport', selectedCandidatePairId: 'b', bytesSent: 9_999 },
  ];
  expect(wireStatsOf(reports)).toEqual({ bytesUp: 100, bytesDown: 200, rttMs: 25 });
});

test('Firefox marks the pair itself, and where nobody does the nominated one counts', () => {
  const marked = [pair('a', 0.5, { nominated: true }), pair('b', 0.04, { selected: true })];
  expect(wireStatsOf(marked).rttMs).toBe(40);
  const nominated = [pair('a', 0.5), pair('b', 0.01, { nominated: true })];
  expect(wireStatsOf(nominated).rttMs).toBe(10);
});

test('what was not measured is not known', () => {
  const nothing = { bytesUp: 0, bytesDown: 0, rttMs: undefined };
  expect(wireStatsOf([])).toEqual(nothing);
  expect(wireStatsOf([pair('a', undefined, { nominated: true })])).toEqual(nothing);
  expect(wireStatsOf([pair('a', NaN, { nominated: true })])).toEqual(nothing);
  expect(wireStatsOf([pair('a', 0.1, { nominated: true, state: 'in-progress' })])).toEqual(nothing);
  expect(wireStatsOf([channel(NaN, 3)]).bytesDown).toBe(3);
});
