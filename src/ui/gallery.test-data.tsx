import type { PeerId } from '../base/ids.ts';
import type { EventLine, LedgerLine, Receipt, VolunteerStatus } from '../volunteer/status.ts';
import {
  fakeLine,
  fakePeer,
  fakePresence,
  fakeReceipt,
  fakeRecord,
  fakeSnapshot,
  fakeVolunteer,
} from './fake-snapshot.test-data.ts';
import type { PageHost, PageSnapshot } from './host.ts';
import { mountPage } from './mount.tsx';

/** The page in states that a real run reaches rarely, for the end-to-end tests and for looking at. */

const [a, b, c] = ['ab12cd34'.repeat(4), '5e6f7a80'.repeat(4), 'c0ffee99'.repeat(4)] as const;
const [mine, other] = ['1f2e3d4c'.repeat(4), '99aa88bb'.repeat(4)];

/** Lines up to `newest`: all final up to `final`, one certified after it, the others provisional. */
const ledgerTo = (
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

const receiptsTo = (newest: number, final: number, lost: readonly number[] = []): Receipt[] =>
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

const peers = (states: readonly string[]) =>
  states.map((state, i) =>
    fakePeer([a, b, c][i] ?? a, {
      self: i === 0,
      leader: i === 2,
      state,
      adapter: 'Apple M3',
      tokensPerSecond: 1_800 + 700 * i,
    }),
  );

const training: Partial<VolunteerStatus> = {
  self: a as PeerId,
  adapter: { vendor: '', architecture: '', device: '', description: '', software: false, name: 'Apple M3' },
  reason: 'Computing round 42.',
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
  longestRoundMs: 3_900,
  events,
};

const volunteerIn = (with_: Partial<VolunteerStatus>) => fakeVolunteer({ ...training, ...with_ });
const catchingUp = (catchUp: NonNullable<VolunteerStatus['catchUp']>) =>
  fakeSnapshot({
    volunteer: volunteerIn({
      state: 'catching-up',
      reason: 'The run is at round 41.',
      catchUp,
      ledger: [],
      receipts: [],
      roundsTrained: 0,
      replicasAgree: undefined,
      events: [],
    }),
  });

export const gallery = {
  guest: fakeSnapshot({ presences: [fakePresence(b), fakePresence(c)], records: [fakeRecord(41, mine)] }),
  training: fakeSnapshot({ volunteer: volunteerIn({ joinCatchUpMs: 6_200 }) }),
  lost: fakeSnapshot({
    volunteer: volunteerIn({
      receipts: receiptsTo(41, 38, [36, 37]),
      lostContributions: 2,
      rejections: {
        'record-signature': 4,
        'round-far-ahead': 1_203,
        'frame-too-long': 2,
        'second-contribution': 1,
      },
    }),
    refused: { 'announcement-malformed': 17 },
  }),
  differs: fakeSnapshot({
    volunteer: volunteerIn({ peers: peers([mine, other, other]), replicasAgree: false }),
  }),
  repaired: fakeSnapshot({ volunteer: volunteerIn({ repairs: 1 }) }),
  gpuTrouble: fakeSnapshot({
    volunteer: volunteerIn({
      gpuLosses: 1,
      gpuErrors: 3,
      gpuRoundsWithheld: 2,
      gpuShare: 0.5,
      gpuShareMeasured: 0.49,
      gpuPlan: {
        ...{ microBatch: 4, batch: 2, recomputes: false, longestDispatchMs: 41 },
        notes: [
          'A micro-batch is taken in 2 pieces of 2 sequences, because one calculation on the whole took 83 ms and 50 ms is the most.',
        ],
      },
      events: [
        {
          atMs: 95_000,
          kind: 'gpu-lost',
          text: 'The GPU was lost: the driver was reset. It was set up again within 1.4 s.',
        },
        { atMs: 96_000, kind: 'gpu-error', text: 'The GPU refused matmul: a mistake. (gpu-validation)' },
      ],
    }),
  }),
  waiting: fakeSnapshot({
    volunteer: volunteerIn({
      members: 5,
      epoch: 1,
      finalRound: 21,
      receipts: receiptsTo(41, 21),
      ledger: ledgerTo(41, 21, ({ round }) => ({
        contributions: round > 21 ? 2 : 5,
        members: 5,
        ...(round === 34 ? { joins: 1 } : {}),
        ...(round === 39 ? { leaves: 2 } : {}),
      })),
    }),
  }),
  crowd: fakeSnapshot({
    volunteer: volunteerIn({
      members: 64,
      ledger: ledgerTo(12_345, 12_343, ({ round, standing }) => ({
        members: 64,
        contributions: 58 + (round % 6),
        ...(standing === 'provisional' ? {} : { by: 44, of: 64 }),
        joins: round % 5 === 0 ? 3 : 0,
        leaves: round % 5 === 0 ? 2 : 0,
      })),
      finalRound: 12_343,
    }),
  }),
  asking: catchingUp({ stage: 'model', done: 0, total: 0, perSecond: undefined, sources: 0 }),
  model: catchingUp({ stage: 'model', done: 412_000, total: 656_640, perSecond: 61_000, sources: 3 }),
  rounds: catchingUp({ stage: 'rounds', done: 12, total: 41, perSecond: 7.4, sources: 0 }),
  'warm-up': catchingUp({ stage: 'warm-up', done: 3, total: 8, perSecond: 0.5, sources: 0 }),
} as const satisfies Readonly<Record<string, PageSnapshot>>;

export type GalleryState = keyof typeof gallery;

/** Puts a page in place of the one that is there. Returns the way to show another state. */
export function openGallery(first: GalleryState): (state: GalleryState) => void {
  const root = document.createElement('div');
  root.id = 'root';
  document.getElementById('root')?.replaceWith(root);
  let show: (snapshot: PageSnapshot) => void = () => undefined;
  const host: PageHost = {
    subscribe(listener) {
      show = listener;
      listener(gallery[first]);
      return () => undefined;
    },
    join: () => Promise.resolve(),
    pause: () => undefined,
    resume: () => undefined,
    leave: () => Promise.resolve(),
  };
  mountPage(root, host);
  return (state) => {
    show(gallery[state]);
  };
}
