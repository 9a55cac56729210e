import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import type { CountedContribution, LedgerEntryView, SwarmView } from '../swarm/swarm-api.ts';
import { noTraffic } from '../swarm/transport.ts';
import { metricNames, metricsWidth, type MetricName } from './metrics.ts';
import { Phases } from './phases.ts';
import { planRun } from './run-plan.ts';
import { StatusBoard } from './status-board.ts';
import type { RoundOutcome } from './train-round.ts';

const [self, other] = ['a'.repeat(32) as PeerId, 'b'.repeat(32) as PeerId];
const config = planRun({
  ...{ preset: 'nano', seed: 1, volunteers: 2, rounds: 10, fixedWork: true, founder: self },
  ...{ nonce: '0'.repeat(32), corpus: '0'.repeat(64) as Digest },
});
const board = (): StatusBoard => new StatusBoard(config, self, new Phases(new ManualClock()));

const contribution = (author: PeerId): CountedContribution => ({
  ...{ author, weight: 4, tokens: 256, loss: 5, validationLoss: undefined, digest: '1'.repeat(64) as Digest },
});
const record = (round: number, authors: readonly PeerId[]): RoundOutcome['agreed']['record'] => ({
  ...{ round, parent: '2'.repeat(64) as Digest, digest: '3'.repeat(64) as Digest, leader: other },
  ...{ parentState: '', joins: [], leaves: [other], certificate: undefined },
  contributions: authors.map(contribution),
});
const outcome = (round: number, authors: readonly PeerId[], state = 'f'): RoundOutcome => ({
  agreed: { record: record(round, authors), contributions: [], bodiesAtMs: 0 },
  mine: { payload: new Uint8Array(8), weight: 4, tokens: 256, loss: 5, validationLoss: undefined },
  ...{ sent: true, state, computeMs: 1, members: [self, other] },
});
const line = (round: number): LedgerEntryView => ({
  ...{ record: record(round, [self, other]), members: 2, standing: 'final', by: 2, of: 3 },
});
const look = (ledger: readonly LedgerEntryView[]): SwarmView => ({
  ...{ round: 3, members: [self, other], active: [self, other], connected: [other], leader: other },
  ...{
    isMember: true,
    confirms: [],
    replicasAgree: true,
    rejections: {},
    waitingFor: '',
    catchUp: undefined,
  },
  ...{ finalRound: 2, epoch: 1, newestSeen: 3, differs: undefined, ledger },
});

test('a receipt is provisional, then final with the votes that made it so, or lost', () => {
  const one = board();
  for (const round of [1, 2, 3]) one.round(outcome(round, round === 3 ? [other] : [self, other]), 1);
  expect(one.unsettledRounds).toEqual([1, 2, 3]);
  one.counted(2);
  one.lost(3);
  one.lost(3);
  const status = one.snapshot(look([line(2)]));
  expect(
    status.receipts.map(({ round, counted, standing, by, of }) => [round, counted, standing, by, of]),
  ).toEqual([
    [1, true, 'provisional', 0, 0],
    [2, true, 'final', 2, 3],
    [3, false, 'lost', 0, 0],
  ]);
  expect(status).toMatchObject({ lostContributions: 1, finalRound: 2, epoch: 1 });
  expect(one.unsettledRounds).toEqual([1]);
});

test('a contribution that is lost before its round is over has a receipt that says so', () => {
  const one = board();
  one.lost(1);
  one.round(outcome(1, [other]), 1);
  expect(one.snapshot(undefined).receipts).toMatchObject([{ counted: false, standing: 'lost' }]);
});

test('a lost contribution says why, as far as that is known', () => {
  const one = board();
  one.round(outcome(1, [other]), 1);
  for (const round of [2, 3]) one.round(outcome(round, [self, other]), 1);
  one.round({ ...outcome(4, [other]), sent: false }, 1);
  one.wentTo(1);
  one.round({ ...outcome(2, [other]), mine: undefined }, 1);
  one.lost(4, 'unsent');
  one.lost(4);
  one.lost(1);
  one.lost(2);
  one.lost(3, 'chain-left');
  expect(one.snapshot(undefined).receipts.map(({ round, because }) => [round, because])).toEqual([
    [1, 'not-in-record'],
    [2, 'replaced'],
    [3, 'chain-left'],
    [4, 'unsent'],
  ]);
});

test('the leaderboard is of the rounds that stand', () => {
  const one = board();
  expect(one.snapshot(undefined).leaderboard).toBeUndefined();
  for (const round of [1, 2, 3]) one.round(outcome(round, [self, other]), 1);
  one.wentTo(1);
  one.round(outcome(2, [other]), 1);
  expect(one.snapshot(undefined).leaderboard).toMatchObject({
    ...{ fromRound: 1, toRound: 2, rounds: 2, tokens: 768 },
    rows: [
      { id: other, place: 1, tokens: 512, rounds: 2 },
      { id: self, place: 2, tokens: 256, rounds: 1 },
    ],
  });
});

test('rounds taken back leave the board, and a receipt follows the record that took its place', () => {
  const one = board();
  for (const round of [1, 2, 3]) one.round(outcome(round, [self, other]), 1);
  one.wentTo(1);
  one.round({ ...outcome(2, [other], 'e'), mine: undefined }, 1);
  const { records, receipts, curve } = one.snapshot(undefined);
  expect(records.map(({ round, state }) => [round, state])).toEqual([
    [1, 'f'],
    [2, 'e'],
  ]);
  expect(receipts.find(({ round }) => round === 2)?.counted).toBe(false);
  expect(curve.map(({ round }) => round)).toEqual([1, 2]);
});

test('the ledger is shown as lines', () => {
  expect(board().snapshot(look([line(2)])).ledger).toEqual([
    {
      ...{
        round: 2,
        digest: '3'.repeat(64),
        leader: other,
        members: 2,
        contributions: 2,
        joins: 0,
        leaves: 1,
      },
      ...{ standing: 'final', by: 2, of: 3 },
    },
  ]);
});

test('a flood of refusals is one line, and pushes nothing out', () => {
  const one = board();
  one.event({ atMs: 1, kind: 'joined', text: 'b joined.' });
  for (let n = 0; n < 1_000; n++) one.event({ atMs: 2 + n, kind: 'rejected', text: `Refused ${n}.` });
  one.event({ atMs: 2_000, kind: 'left', text: 'b left.' });
  one.event({ atMs: 2_001, kind: 'rejected', text: 'Refused again.' });
  expect(one.snapshot(undefined).events.map(({ text }) => text)).toEqual([
    'b joined.',
    'Refused 999. And 999 more refusals before it.',
    'b left.',
    'Refused again.',
  ]);
});

test('what a round was measured to be is handed over once, when the round ends', () => {
  const one = board();
  const rowsOf = (): number[][] => {
    const { rows = new Float64Array() } = one.metrics.take() ?? {};
    return Array.from({ length: rows.length / metricsWidth }, (_, row) => [
      ...rows.slice(row * metricsWidth, (row + 1) * metricsWidth),
    ]);
  };
  const at = (row: number[] | undefined, name: MetricName): number => row?.[metricNames.indexOf(name)] ?? NaN;
  one.round({ ...outcome(1, [self, other]), gradientNorm: 0.5 }, 1);
  expect(one.metrics.take()).toBeUndefined();
  one.roundEnds({ ...noTraffic, bytesUp: 900, bytesDown: 5_000 }, 1_000);
  const [first] = rowsOf();
  expect(metricNames.map((name) => [name, at(first, name)])).toEqual([
    ...[
      ['round', 1],
      ['rounds', 1],
      ['train', 5],
      ['validation', NaN],
      ['tokens', 512],
      ['contributions', 2],
    ],
    ...[
      ['roundMs', NaN],
      ['ownTokensPerSecond', 256_000],
      ['payloadBytes', 8],
      ['messageBytes', 8],
    ],
    ...[
      ['bytesUp', NaN],
      ['bytesDown', NaN],
      ['gradientNorm', 0.5],
    ], // joining is no part of a round
  ]);
  one.round(outcome(2, [other]), 1);
  one.roundEnds({ ...noTraffic, bytesUp: 1_000, bytesDown: 5_300 }, 1_250);
  one.round({ ...outcome(3, [other]), mine: undefined }, 1);
  one.roundEnds({ ...noTraffic, bytesUp: 1_000, bytesDown: 5_400 }, undefined);
  one.finalValidation(2);
  const [second, third, last] = rowsOf();
  expect([at(second, 'bytesUp'), at(second, 'bytesDown'), at(second, 'roundMs')]).toEqual([100, 300, 250]);
  expect([at(third, 'bytesDown'), at(third, 'roundMs'), at(third, 'ownTokensPerSecond')]).toEqual([
    100,
    NaN,
    NaN,
  ]);
  expect([at(last, 'round'), at(last, 'validation'), at(last, 'train')]).toEqual([4, 2, NaN]);
  one.wentTo(2);
  expect(one.metrics.take()).toEqual({ keepTo: 2, rows: new Float64Array() });
});

test('a round beside which the GPU wrote text says nothing of how long it takes', () => {
  const one = board();
  let isUsed = false;
  one.deskUsed = () => isUsed;
  const gpuMs = (round: number): number | undefined => {
    one.round({ ...outcome(round, [self, other]), busyMs: 512 }, 1);
    return one.snapshot(undefined).gpuMsPerToken;
  };
  expect(gpuMs(1)).toBe(2);
  isUsed = true;
  expect(gpuMs(2)).toBeUndefined();
  isUsed = false;
  expect(gpuMs(3)).toBe(2);
});
