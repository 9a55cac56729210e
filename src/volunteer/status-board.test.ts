import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import type { CountedContribution, LedgerEntryView, SwarmView } from '../swarm/swarm-api.ts';
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
