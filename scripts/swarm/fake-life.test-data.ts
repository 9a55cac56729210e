import type { PeerId } from '../../src/base/ids.ts';
import type { RecordSummary, VolunteerStatus } from '../../src/volunteer/status.ts';
import type { Life } from './agreement.ts';
import { RecordLog } from './record-log.ts';

const peer = (letter: string): PeerId => letter.repeat(32) as PeerId;

export const fakeRecord = (round: number, state: string, validation?: number): RecordSummary => ({
  round,
  leader: peer('a'),
  contributions: 2,
  tokens: 512,
  train: 1,
  validation,
  state,
});

/** A status with the last record's round and state; `more` overrides. */
export const fakeStatus = (
  records: readonly RecordSummary[],
  more: Partial<VolunteerStatus> = {},
): VolunteerStatus => ({
  state: 'finished',
  reason: 'The run is complete.',
  fix: undefined,
  setUp: undefined,
  pausedByPerson: false,
  heldBy: undefined,
  self: peer('b'),
  adapter: undefined,
  preset: 'nano',
  parameters: 1000,
  gpuBytes: 0,
  gpuPlan: undefined,
  precision: undefined,
  gpuLosses: 0,
  gpuErrors: 0,
  gpuRoundsWithheld: 0,
  gpuShare: 1,
  gpuShareMeasured: undefined,
  round: records.at(-1)?.round ?? 0,
  endRound: undefined,
  members: 2,
  peers: [],
  replicasAgree: true,
  stateDigest: records.at(-1)?.state,
  trainLoss: 1,
  validationLoss: undefined,
  curve: [],
  receipts: [],
  records,
  roundsTrained: records.length,
  ownLossFirst: 3,
  ownLossLast: 2,
  tokensPerSecond: undefined,
  gpuMsPerToken: undefined,
  bytesUp: 10,
  bytesDown: 20,
  textBytes: 0,
  compression: undefined,
  messageBytesPerRound: 200,
  payloadBytesPerRound: 100,
  phaseMs: { compute: 100, exchange: 10, agree: 5, apply: 5, other: 0 },
  sample: undefined,
  rejections: {},
  catchUp: undefined,
  finalRound: -1,
  epoch: 0,
  ledger: [],
  repairs: 0,
  lostContributions: 0,
  leaderboard: undefined,
  joinCatchUpMs: undefined,
  longestRoundMs: 0,
  timeline: { nowMs: 0, rounds: [] },
  events: [],
  ...more,
});

/** A replica that followed these records. */
export function fakeLife(
  records: readonly RecordSummary[],
  more: Partial<VolunteerStatus> = {},
  ended?: Life['ended'],
): Life {
  const log = new RecordLog();
  log.add(records);
  return { log, status: fakeStatus(records, more), ended };
}

/** Records of consecutive rounds with these states. */
export const fakeRecords = (firstRound: number, states: string): RecordSummary[] =>
  [...states].map((state, index) => fakeRecord(firstRound + index, state));
