import type { PeerId } from '../base/ids.ts';
import type { PresenceView } from '../volunteer/run-view.ts';
import type { CurvePoint, PeerStatus, RecordSummary, VolunteerStatus } from '../volunteer/status.ts';
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

export const fakeVolunteer = (with_: Partial<VolunteerStatus> = {}): VolunteerStatus =>
  ({
    state: 'training',
    reason: 'Computing.',
    self: 'a'.repeat(32) as PeerId,
    round: 1,
    members: 1,
    peers: [],
    curve: [],
    records: [],
    receipts: [],
    rejections: {},
    events: [],
    ...with_,
  }) as unknown as VolunteerStatus;

export function fakeSnapshot(
  of: {
    readonly volunteer?: VolunteerStatus;
    readonly canTrain?: boolean;
    readonly presences?: readonly PresenceView[];
    readonly records?: readonly RecordSummary[];
    readonly curve?: readonly CurvePoint[];
    readonly sample?: PageSnapshot['view']['sample'];
  } = {},
): PageSnapshot {
  const { volunteer, canTrain = true, presences = [], records = [], curve = [], sample } = of;
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
      rejections: {},
    },
    volunteer,
    environment: { canTrain, reason: '', fix: '', secureUrl: undefined },
  };
}
