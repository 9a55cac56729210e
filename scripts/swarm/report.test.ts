import { expect, test } from 'vitest';
import type { Receipt } from '../../src/volunteer/status.ts';
import type { Life } from './agreement.ts';
import { fakeLife, fakeRecord, fakeRecords } from './fake-life.test-data.ts';
import { buildReport, type Witness } from './report.ts';

const witness = (number: number, lives: readonly Life[], more: Partial<Witness> = {}): Witness => ({
  number,
  host: 'chromium',
  latecomer: false,
  lives,
  ...more,
});

const receipt = (round: number, more: Partial<Receipt>): Receipt => ({
  round,
  counted: true,
  standing: 'provisional',
  by: 0,
  of: 0,
  tokens: 256,
  payloadBytes: 100,
  messageBytes: 200,
  ...more,
});

const report = (...witnesses: Witness[]) =>
  buildReport(witnesses, { script: undefined, steps: [], wallSeconds: 1 });

test('what the latecomer needed, the longest round and all repairs are gathered, whoever is gone', () => {
  const made = report(
    witness(1, [fakeLife(fakeRecords(1, 'abcd'), { finalRound: 4, longestRoundMs: 900, repairs: 1 })]),
    witness(2, [fakeLife(fakeRecords(1, 'ab'), { longestRoundMs: 5000, repairs: 1 }, 'killed')], {
      host: 'node',
    }),
    witness(3, [fakeLife(fakeRecords(3, 'cd'), { finalRound: 2, joinCatchUpMs: 1234 })], { latecomer: true }),
  );
  expect(made).toMatchObject({
    rounds: 4,
    digestsAgree: true,
    finalRounds: 2,
    roundsSeenByAll: 2,
    repairs: 2,
    joinCatchUpMs: 1234,
    longestRoundMs: 5000,
  });
  expect(made.volunteers.map(({ host, ended, digest }) => [host, ended, digest])).toEqual([
    ['chromium', 'finished', 'd'],
    ['node', 'killed', null],
    ['chromium', 'finished', 'd'],
  ]);
  expect(made.records.map(({ stateDigest }) => stateDigest).join('')).toBe('abcd');
});

test('a reloaded tab is one volunteer: its counts add up over its lives', () => {
  const lives = [
    fakeLife(fakeRecords(1, 'ab'), { bytesUp: 7, ownLossFirst: 5.5 }, 'reloaded'),
    fakeLife(fakeRecords(4, 'd'), { bytesUp: 3, ownLossLast: 1.5 }),
  ];
  const made = report(witness(1, [fakeLife(fakeRecords(1, 'abcd'))]), witness(2, lives));
  expect(made.volunteers[1]).toMatchObject({
    ended: 'finished',
    reloads: 1,
    rounds: 3,
    bytesUp: 10,
    lossFirst: 5.5,
    lossLast: 1.5,
  });
});

test('a closed tab lost what was still open and not counted, or counted in a record that was abandoned', () => {
  const receipts = [
    receipt(1, { standing: 'final' }),
    receipt(2, { counted: false }),
    receipt(3, {}),
    receipt(4, {}),
  ];
  const made = report(
    witness(1, [fakeLife(fakeRecords(1, 'abcde'), { lostContributions: 1, receipts })]),
    witness(2, [
      fakeLife(fakeRecords(1, 'abcD'), { lostContributions: 2, finalRound: 1, receipts }, 'closed'),
    ]),
  );
  expect(made.abandonedRecords).toBe(1);
  expect(made.volunteers.map(({ lostContributions }) => lostContributions)).toEqual([1, 4]);
  expect(made.lostContributions).toBe(5);
});

test('the validation curve has every round that measured, and the finished model last', () => {
  const early = [fakeRecord(1, 'a', 5.5), fakeRecord(2, 'b')];
  const late = [fakeRecord(3, 'c', 4.5), fakeRecord(4, 'd')];
  const made = report(
    witness(1, [fakeLife(late, { validationLoss: 4.25 })]),
    witness(2, [fakeLife(early, {}, 'closed')]),
  );
  expect(made.valLoss).toEqual([
    { round: 1, loss: 5.5 },
    { round: 3, loss: 4.5 },
    { round: 5, loss: 4.25 },
  ]);
  expect([made.valLossFirst, made.valLossLast]).toEqual([5.5, 4.25]);
});

test('no round is final where none is, and there is no report of a swarm that is gone', () => {
  expect(report(witness(1, [fakeLife(fakeRecords(1, 'a'))])).finalRounds).toBe(0);
  expect(() => report(witness(1, [fakeLife(fakeRecords(1, 'a'), {}, 'closed')]))).toThrow(
    'no volunteer reported',
  );
});
