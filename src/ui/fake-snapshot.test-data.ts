import type { Digest, PeerId } from '../base/ids.ts';
import { usualComfort, type ComfortView } from '../volunteer/comfort.ts';
import type { PresenceView } from '../volunteer/run-view.ts';
import type {
  CurvePoint,
  LedgerLine,
  PeerStatus,
  Receipt,
  RecordSummary,
  VolunteerStatus,
} from '../volunteer/status.ts';
import type { MetricsView } from '../volunteer/metrics.ts';
import type { PageSnapshot } from './host.ts';

/** Snapshots for tests of the page's core. */

export const fakePeer = (id: string, with_: Partial<PeerStatus> = {}): PeerStatus => ({
  id: id as PeerId,
  self: false,
  member: true,
  connected: true,
  leader: false,
  state: undefined,
  adapter: undefined,
  tokensPerSecond: undefined,
  link: undefined,
  ...with_,
});

export const fakePresence = (id: string, with_: Partial<PresenceView> = {}): PresenceView => ({
  id,
  adapter: 'a GPU',
  software: false,
  tokensPerSecond: undefined,
  state: 'training',
  round: 1,
  member: true,
  ...with_,
});

export const fakeRecord = (round: number, state: string): RecordSummary => ({
  round,
  leader: 'a'.repeat(32) as PeerId,
  contributions: 1,
  tokens: 256,
  train: 5,
  validation: undefined,
  state,
});

export const fakeReceipt = (round: number, with_: Partial<Receipt> = {}): Receipt => ({
  round,
  counted: true,
  standing: 'provisional',
  by: 0,
  of: 0,
  tokens: 256,
  payloadBytes: 1_204,
  messageBytes: 1_352,
  ...with_,
});

export const fakeLine = (round: number, with_: Partial<LedgerLine> = {}): LedgerLine => ({
  round,
  digest: ((round * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(8) as Digest,
  leader: 'abc'.charAt(round % 3).repeat(32) as PeerId,
  members: 3,
  contributions: 3,
  joins: 0,
  leaves: 0,
  standing: 'provisional',
  by: 0,
  of: 0,
  ...with_,
});

export const fakeVolunteer = (with_: Partial<VolunteerStatus> = {}): VolunteerStatus => ({
  state: 'training',
  reason: 'Computing.',
  fix: undefined,
  setUp: undefined,
  pausedByPerson: false,
  heldBy: undefined,
  self: 'a'.repeat(32) as PeerId,
  adapter: undefined,
  preset: 'nano',
  parameters: 164_160,
  gpuBytes: 12_000_000,
  gpuPlan: undefined,
  precision: undefined,
  gpuLosses: 0,
  gpuErrors: 0,
  gpuRoundsWithheld: 0,
  gpuShare: 1,
  gpuShareMeasured: undefined,
  round: 1,
  endRound: undefined,
  members: 1,
  peers: [],
  replicasAgree: undefined,
  stateDigest: undefined,
  trainLoss: undefined,
  validationLoss: undefined,
  curve: [],
  receipts: [],
  records: [],
  roundsTrained: 0,
  ownLossFirst: undefined,
  ownLossLast: undefined,
  tokensPerSecond: undefined,
  gpuMsPerToken: undefined,
  bytesUp: 0,
  bytesDown: 0,
  textBytes: 0,
  compression: undefined,
  messageBytesPerRound: undefined,
  payloadBytesPerRound: undefined,
  phaseMs: { compute: 0, exchange: 0, agree: 0, apply: 0, other: 0 },
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
  ...with_,
});

export const fakeComfort = (with_: Partial<ComfortView> = {}): ComfortView => ({
  settings: usualComfort,
  pausedBy: undefined,
  isClearing: false,
  overridden: [],
  dayBytes: 12_300_000,
  speed: { front: 1_800, hidden: 620 },
  battery: { charging: true, level: 0.87 },
  metered: false,
  awake: 'off',
  ...with_,
});

export function fakeSnapshot(
  of: {
    readonly volunteer?: VolunteerStatus;
    readonly canTrain?: boolean;
    readonly presences?: readonly PresenceView[];
    readonly records?: readonly RecordSummary[];
    readonly curve?: readonly CurvePoint[];
    readonly metrics?: MetricsView;
    readonly sample?: PageSnapshot['view']['sample'];
    /** What was refused in the shared document. */
    readonly refused?: Readonly<Record<string, number>>;
    readonly comfort?: ComfortView;
    readonly joining?: PageSnapshot['joining'];
    readonly contribution?: PageSnapshot['contribution'];
  } = {},
): PageSnapshot {
  const { volunteer, canTrain = true, presences = [], records = [], curve = [], sample, refused = {} } = of;
  const { comfort = fakeComfort(), joining } = of;
  return {
    view: {
      connected: true,
      signaling: true,
      run: undefined,
      presences,
      records,
      curve,
      sample,
      documentBytes: 0,
      rejections: refused,
    },
    volunteer,
    comfort,
    joining,
    metrics: of.metrics,
    contribution: of.contribution,
    environment: { canTrain, reason: '', fix: '', secureUrl: undefined },
  };
}
