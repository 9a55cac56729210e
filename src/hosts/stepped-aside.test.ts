import { describe, expect, test } from 'vitest';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { steppedAside } from './stepped-aside.ts';

const last = {
  ...{
    state: 'training',
    self: 'a'.repeat(32),
    round: 41,
    roundsTrained: 40,
    bytesUp: 7,
    pausedByPerson: true,
  },
  ...{ members: 2, peers: [{ id: 'b'.repeat(32), connected: true }], receipts: [{ round: 41 }] },
  ...{
    replicasAgree: true,
    stateDigest: '1'.repeat(32),
    gpuBytes: 9,
    gpuShareMeasured: 0.8,
    tokensPerSecond: 900,
  },
  timeline: { nowMs: 9_000, rounds: [{ round: 41, agreedMs: 3 }] },
} as unknown as VolunteerStatus;

describe('a volunteer that stepped aside', () => {
  test('says why, and nothing of others, its model or its GPU', () => {
    expect(steppedAside(last, 'data-cap')).toMatchObject({
      ...{ state: 'paused', isAside: true, heldBy: 'data-cap' },
      reason: 'Paused: the daily data limit is used up. This tab is off the network until then.',
      ...{ peers: [], members: 0, replicasAgree: undefined, stateDigest: undefined },
      ...{ gpuShareMeasured: undefined, tokensPerSecond: undefined, gpuBytes: 0 },
      timeline: { nowMs: 9_000, rounds: [] },
    });
  });

  test('keeps what it gave, and whether its person paused it', () => {
    const { receipts, roundsTrained, bytesUp, round, pausedByPerson, self } = steppedAside(last, 'metered');
    expect({ receipts, roundsTrained, bytesUp, round, pausedByPerson, self }).toEqual({
      ...{ receipts: last.receipts, roundsTrained: 40, bytesUp: 7, round: 41 },
      ...{ pausedByPerson: true, self: last.self },
    });
  });
});
