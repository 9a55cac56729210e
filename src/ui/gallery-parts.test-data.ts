import type { PeerId } from '../base/ids.ts';
import { usualComfort, type ComfortView, type PauseCause } from '../volunteer/comfort.ts';
import type { EventLine, LedgerLine, Receipt, VolunteerStatus } from '../volunteer/status.ts';
import { pauseReasons } from '../volunteer/auto-pause.ts';
import {
  fakeComfort,
  fakeLine,
  fakePeer,
  fakePresence,
  fakeReceipt,
  fakeRecord,
  fakeSnapshot,
  fakeVolunteer,
} from './fake-snapshot.test-data.ts';
import { fakeContribution, fakeLeaders } from './fake-contribution.test-data.ts';
import { fakeLink, fakeTimeline } from './fake-timeline.test-data.ts';
import type { Environment, PageSnapshot } from './host.ts';

/** What the states of the gallery are made of. */

export const [a, b, c] = ['ab12cd34'.repeat(4), '5e6f7a80'.repeat(4), 'c0ffee99'.repeat(4)] as const;
export const [mine, other] = ['1f2e3d4c'.repeat(4), '99aa88bb'.repeat(4)];

/** Lines up to `newest`: all final up to `final`, one certified after it, the others provisional. */
export const ledgerTo = (
  newest: number,
  final: number,
  change: (line: LedgerLine) => Partial<LedgerLine> = () => ({}),
) =>
  Array.from({ length: Math.min(newest, 30) }, (_, i) => {
    const round = newest - Math.min(newest, 30) + 1 + i;
    const standing = round <= final ? 'final' : round === final + 1 ? 'certified' : 'provisional';
    const signed =
      standing === 'provisional' ? { by: 0, of: 0 } : { by: standing === 'final' ? 3 : 2, of: 3 };
    const line = fakeLine(round, {
      leader: ([a, b, c][round % 3] ?? a) as PeerId,
      standing,
      ...signed,
    });
    return { ...line, ...change(line) };
  });

export const receiptsTo = (newest: number, final: number, lost: readonly number[] = []): Receipt[] =>
  Array.from({ length: Math.min(newest, 30) }, (_, i) => {
    const round = newest - Math.min(newest, 30) + 1 + i;
    if (lost.includes(round)) return fakeReceipt(round, { counted: false, standing: 'lost' });
    if (round <= final) return fakeReceipt(round, { standing: 'final', by: 3, of: 3 });
    return fakeReceipt(round, { counted: round !== newest });
  });

const events: readonly EventLine[] = [
  { atMs: 4_000, kind: 'joined', text: '5e6f7a joined.' },
  { atMs: 61_000, kind: 'snapshot', text: 'Took the model as it was after round 20.' },
  { atMs: 84_000, kind: 'left', text: 'd00d1e left.' },
  { atMs: 84_200, kind: 'leader', text: 'c0ffee leads round 36 in place of d00d1e.' },
  { atMs: 90_000, kind: 'replicas-differ', text: 'This replica differs from c0ffee after round 38.' },
  { atMs: 91_300, kind: 'repaired', text: 'This replica was repaired: 2 of 11 pieces were wrong.' },
  { atMs: 92_000, kind: 'absent', text: 'The connection to 5e6f7a is gone.' },
  { atMs: 95_000, kind: 'rolled-back', text: 'Round 40 was replaced before it was final.' },
  { atMs: 99_000, kind: 'comet-sighted', text: 'A kind this page has never heard of.' },
  ...['record-signature', 'round-far-ahead', 'frame-too-long'].map((reason, i) => ({
    atMs: 100_000 + i,
    kind: 'rejected',
    text: `Refused what bad0ff sent: ${reason}.`,
  })),
];

export const peers = (states: readonly string[]) =>
  states.map((state, i) =>
    fakePeer([a, b, c][i] ?? a, {
      self: i === 0,
      leader: i === 2,
      state,
      adapter: 'Apple M3',
      tokensPerSecond: 1_800 + 700 * i,
      link: i === 0 ? undefined : fakeLink(2 * i),
    }),
  );

export const training: Partial<VolunteerStatus> = {
  self: a as PeerId,
  adapter: { vendor: '', architecture: '', device: '', description: '', software: false, name: 'Apple M3' },
  reason: 'You train with 2 other volunteers.',
  round: 41,
  endRound: 300,
  members: 3,
  peers: peers([mine, mine, mine]),
  replicasAgree: true,
  stateDigest: mine,
  trainLoss: 3.21,
  validationLoss: 3.305,
  curve: Array.from({ length: 41 }, (_, i) => ({
    round: i + 1,
    train: 5.5 - 2.3 * (1 - Math.exp(-i / 18)),
    validation: i % 10 === 0 ? 5.55 - 2.25 * (1 - Math.exp(-i / 18)) : undefined,
  })),
  records: [fakeRecord(41, mine)],
  roundsTrained: 38,
  gpuShare: usualComfort.share,
  gpuShareMeasured: usualComfort.share - 0.02,
  tokensPerSecond: 1_800,
  bytesUp: 3_400_000,
  bytesDown: 6_900_000,
  compression: 545,
  messageBytesPerRound: 1_352,
  payloadBytesPerRound: 1_204,
  phaseMs: { compute: 61_000, exchange: 9_000, agree: 7_000, apply: 4_000, other: 2_000 },
  sample: { round: 40, text: 'The whale and the sea of the men that he was a shore' },
  finalRound: 38,
  ledger: ledgerTo(41, 38),
  receipts: receiptsTo(41, 38),
  leaderboard: fakeLeaders(a, 2, [b, c], 3),
  longestRoundMs: 3_900,
  timeline: fakeTimeline([a, b, c], 42),
  events,
};

export const volunteerIn = (with_: Partial<VolunteerStatus>) => fakeVolunteer({ ...training, ...with_ });

/** What the model wrote after round 40. */
export const sample = { round: 40, text: 'The whale and the sea of the men that he was a shore' };

/** The run as the document of the room announces it. */
const announced: Partial<PageSnapshot['view']> = {
  run: { preset: 'nano', parameters: 164_160, seed: 7, startedBy: a },
  presences: [fakePresence(b, { round: 41, name: 'Ada Lovelace' }), fakePresence(c, { round: 41 })],
  records: [fakeRecord(41, mine)],
  curve: training.curve ?? [],
  sample,
  documentBytes: 14_300,
};

const usualInvite = { room: 'moby', href: 'https://starling.example/?run=moby', byInvitation: false };
export const invitation: NonNullable<PageSnapshot['invite']> = {
  room: 'class-7b',
  href: 'https://starling.example/?run=class-7b#key=Yx3kqk0Zr9oT2vNwLh7c5mQeUjBfAaSd8iGtPnRzXyE',
  byInvitation: true,
};

/** What a browser that can train says of itself. */
export const able: Environment = {
  ...{ canTrain: true, reason: 'This browser can train.', fix: '', secureUrl: undefined },
  ...{ gpu: 'Apple M3', gpuIsSoftware: false },
};
export const measured: Environment = {
  ...able,
  suggestedPreset: {
    preset: 'micro',
    reason: 'micro, because we measured 412 GFLOP/s',
    gflops: 412,
  },
};

/** A room without a run. */
export const emptyRoom = (of: Partial<PageSnapshot> = {}): PageSnapshot => ({
  ...fakeSnapshot(),
  ...{ environment: able, invite: usualInvite },
  ...of,
});

/** A room with a run. `view`: what else its document says. */
export const inRoom = (
  of: Partial<PageSnapshot> = {},
  view: Partial<PageSnapshot['view']> = {},
): PageSnapshot => {
  const room = emptyRoom(of);
  return { ...room, view: { ...room.view, ...announced, ...view } };
};

/** A volunteer in the run of its room. */
export const taking = (
  with_: Partial<VolunteerStatus>,
  of: Partial<PageSnapshot> = {},
  view: Partial<PageSnapshot['view']> = {},
): PageSnapshot => inRoom({ volunteer: volunteerIn(with_), contribution: fakeContribution(), ...of }, view);

/** Who cannot train here, and why. */
export const watching = (reason: string, fix: string, secureUrl?: string): PageSnapshot =>
  inRoom({ environment: { canTrain: false, reason, fix, secureUrl } });

/** Paused by itself. */
export const heldBy = (
  cause: PauseCause,
  comfort: Partial<ComfortView> = {},
  with_: Partial<VolunteerStatus> = {},
): PageSnapshot =>
  taking(
    {
      ...{ state: 'paused', heldBy: cause },
      reason: `${pauseReasons[cause]} Your replica still follows the run.`,
      ...with_,
    },
    { comfort: fakeComfort({ pausedBy: cause, ...comfort }) },
  );

/** Of a run of which this tab has seen nothing yet. */
const unseen: Partial<VolunteerStatus> = {
  ...{ ledger: [], receipts: [], records: [], curve: [], events: [], sample: undefined, peers: [] },
  ...{ trainLoss: undefined, validationLoss: undefined, tokensPerSecond: undefined, finalRound: -1 },
  ...{ timeline: { nowMs: 0, rounds: [] }, roundsTrained: 0, members: 0, round: 0, bytesUp: 0, bytesDown: 0 },
  ...{
    gpuShareMeasured: undefined,
    compression: undefined,
    messageBytesPerRound: undefined,
    payloadBytesPerRound: undefined,
  },
  ...{ replicasAgree: undefined, stateDigest: undefined, leaderboard: undefined, longestRoundMs: 0 },
  phaseMs: { compute: 0, exchange: 0, agree: 0, apply: 0, other: 0 },
};

/** A volunteer that has not trained yet. */
export const arriving = (with_: Partial<VolunteerStatus>, of: Partial<PageSnapshot> = {}): PageSnapshot =>
  taking({ ...unseen, ...with_ }, { contribution: undefined, ...of });
