import { usualComfort } from '../volunteer/comfort.ts';
import type { LostBecause } from '../volunteer/status.ts';
import { fakeMetrics } from './curves/fake-metrics.test-data.ts';
import { fakeComfort } from './fake-snapshot.test-data.ts';
import { fakeContribution, fakeLeaders } from './fake-contribution.test-data.ts';
import { fakeCrowd, fakeTimeline } from './fake-timeline.test-data.ts';
import { before } from './gallery-joining.test-data.ts';
import {
  a,
  able,
  b,
  c,
  heldBy,
  inRoom,
  ledgerTo,
  mine,
  other,
  peers,
  receiptsTo,
  sample,
  taking,
  volunteerIn,
} from './gallery-parts.test-data.ts';
import type { PageSnapshot } from './host.ts';

/** Of the lost ones, as far as known. */
const causes = new Map<number, LostBecause>([
  [35, 'not-in-record'],
  [36, 'replaced'],
]);

const pauses = {
  onBattery: heldBy('unplugged', {
    battery: { charging: false, level: 0.63 },
    settings: { ...usualComfort, share: 0.6, dataCapBytes: 500_000_000 },
  }),
  batteryLow: heldBy('battery-low', { battery: { charging: false, level: 0.09 } }),
  heat: heldBy('heat'),
  dataCap: heldBy('data-cap', {
    dayBytes: 502_000_000,
    settings: { ...usualComfort, dataCapBytes: 500_000_000 },
  }),
  metered: heldBy('metered', { metered: true }),
  hidden: heldBy('hidden', { settings: { ...usualComfort, background: 'pause' } }),
  clearing: heldBy('unplugged', { isClearing: true }),
  pausedAlone: heldBy(
    'unplugged',
    {},
    {
      ...{ members: 1, peers: peers([mine]) },
      reason: 'Paused: on battery. Nobody else trains: the run stands still.',
    },
  ),
  pausedByYou: taking(
    {
      ...{ state: 'paused', pausedByPerson: true },
      reason: 'You paused. Your replica still follows the run.',
    },
    { comfort: fakeComfort() },
  ),
  pausedByBoth: taking(
    {
      ...{ state: 'paused', pausedByPerson: true, heldBy: 'heat' },
      reason: 'You paused. Your replica still follows the run.',
    },
    { comfort: fakeComfort({ pausedBy: 'heat' }) },
  ),
  runningAnyway: taking(
    { gpuShare: 0.25, gpuShareMeasured: 0.24 },
    {
      comfort: fakeComfort({
        overridden: ['unplugged'],
        battery: { charging: false, level: 0.41 },
        settings: { ...usualComfort, share: 0.25, keepAwake: true },
        awake: 'on',
      }),
    },
  ),
} as const;

const troubles = {
  lost: taking(
    {
      receipts: receiptsTo(41, 38, [35, 36, 37]).map((receipt) => ({
        ...receipt,
        because: causes.get(receipt.round),
      })),
      lostContributions: 3,
      rejections: {
        'record-signature': 4,
        'round-far-ahead': 1_203,
        'frame-too-long': 2,
        'second-contribution': 1,
      },
    },
    {},
    { rejections: { 'announcement-malformed': 17 } },
  ),
  differs: taking({ peers: peers([mine, other, other]), replicasAgree: false }),
  repaired: taking({ repairs: 1 }),
  gpuRecovered: taking({
    gpuLosses: 2,
    events: [
      {
        atMs: 45_000,
        kind: 'gpu-lost',
        text: 'The GPU was lost: the driver was reset. It was set up again within 1.4 s.',
      },
      {
        atMs: 95_000,
        kind: 'gpu-lost',
        text: 'The GPU was lost: the driver was reset. It was set up again on Intel Iris Xe within 2.9 s.',
      },
    ],
  }),
  gpuMemory: taking({
    gpuPlan: {
      ...{ microBatch: 4, batch: 1, recomputes: true, longestDispatchMs: 31 },
      notes: [
        'Activations are computed twice, and a micro-batch is taken in 4 pieces of one sequence, because the GPU ran out of memory.',
      ],
    },
    events: [
      {
        atMs: 95_000,
        kind: 'gpu-memory',
        text: 'The GPU has no memory left for activations: 52428800 bytes. It was set up again within 0.8 s.',
      },
    ],
  }),
  gpuTrouble: taking({
    ...{ gpuLosses: 1, gpuErrors: 3, gpuRoundsWithheld: 2, gpuShare: 0.5, gpuShareMeasured: 0.49 },
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
  failed: taking({
    state: 'failed',
    reason: 'The GPU failed 4 times within 5 minutes. The last time: The GPU was lost: the driver was reset.',
    fix: 'Close other programs and tabs that use the GPU and update the graphics driver, then join again; or join from another machine.',
  }),
  serverGone: taking({}, {}, { signaling: false }),
  serverGoneWatching: inRoom({ environment: able }, { connected: false, signaling: false }),
  waiting: taking({
    ...{ members: 5, epoch: 1, finalRound: 21, receipts: receiptsTo(41, 21) },
    ledger: ledgerTo(41, 21, ({ round }) => ({
      contributions: round > 21 ? 2 : 5,
      members: 5,
      ...(round === 34 ? { joins: 1 } : {}),
      ...(round === 39 ? { leaves: 2 } : {}),
    })),
  }),
} as const;

/** The page in every state that a status can be in, also those that a real run reaches rarely. */
export const gallery = {
  ...before,
  training: taking(
    { joinCatchUpMs: 6_200 },
    { metrics: fakeMetrics(41), contribution: fakeContribution('Köhlers Rechner') },
  ),
  longRun: taking(
    {
      ...{ round: 20_000, endRound: 40_000, finalRound: 19_998, records: [] },
      ...{ ledger: ledgerTo(20_000, 19_998), receipts: receiptsTo(20_000, 19_998) },
      leaderboard: { ...fakeLeaders(a, 2, [b, c], 3), fromRound: 1, toRound: 20_000, rounds: 20_000 },
      ...{ timeline: fakeTimeline([a, b, c], 20_001), gpuShare: 0.6, gpuShareMeasured: 0.58 },
      ...{ bytesUp: 58_000_000, bytesDown: 62_000_000, roundsTrained: 18_560 },
    },
    {
      ...{ metrics: fakeMetrics(20_000), contribution: fakeContribution() },
      comfort: fakeComfort({ settings: { ...usualComfort, share: 0.6 } }),
    },
    { sample: { ...sample, round: 19_980 } },
  ),
  crowd: taking({
    members: 64,
    leaderboard: { ...fakeLeaders(a, 41, [b, c], 64), fromRound: 12_001, toRound: 12_345, rounds: 343 },
    peers: fakeCrowd(64, a),
    timeline: fakeTimeline(
      fakeCrowd(64, a).map(({ id }) => id),
      12_346,
    ),
    ledger: ledgerTo(12_345, 12_343, ({ round, standing }) => ({
      members: 64,
      contributions: 58 + (round % 6),
      ...(standing === 'provisional' ? {} : { by: 44, of: 64 }),
      joins: round % 5 === 0 ? 3 : 0,
      leaves: round % 5 === 0 ? 2 : 0,
    })),
    finalRound: 12_343,
  }),
  ...pauses,
  ...troubles,
  finished: taking(
    { state: 'finished', reason: 'The run has reached its last round, 41.', endRound: 41 },
    { metrics: fakeMetrics(41) },
  ),
  left: inRoom({ volunteer: volunteerIn({ state: 'left', reason: 'You left the run.' }) }),
} as const satisfies Readonly<Record<string, PageSnapshot>>;

const written = [
  [1, 'q8vZ..eK~ t}o^ 3%'],
  [20, 'the e  t  aeh the  s t tha the oo'],
  [40, 'the  and of the  sere the whale ther ans the'],
  [100, 'The sea was the ship, and the men of the States have been the whale'],
  [200, 'The captain of the ship stood upon the deck, and the sea was'],
] as const;

/** What the page was shown before a state: it remembers. */
export const earlier: Partial<Record<keyof typeof gallery, readonly PageSnapshot[]>> = {
  longRun: written.map(([round, text]) =>
    taking({ round, sample: { round, text } }, {}, { sample: undefined }),
  ),
};
