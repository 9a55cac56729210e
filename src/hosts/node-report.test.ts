import { expect, test } from 'vitest';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { NodeReport } from './node-report.ts';

const status = (more: Partial<VolunteerStatus>): VolunteerStatus =>
  ({
    state: 'training',
    reason: 'You train with 2 other volunteers.',
    fix: undefined,
    members: 3,
    records: [],
    receipts: [],
    replicasAgree: true,
    ...more,
  }) as unknown as VolunteerStatus;

const record = (round: number, validation?: number) => ({
  round,
  leader: 'a',
  contributions: 3,
  tokens: 768,
  train: 5.5,
  validation,
  state: '0123456789abcdef'.repeat(2),
});
const records = (...of: ReturnType<typeof record>[]) => of as unknown as VolunteerStatus['records'];

test('each change of state and each round is one line, said once', () => {
  const report = new NodeReport();
  const receipts = [{ round: 1, counted: true, tokens: 256 }] as unknown as VolunteerStatus['receipts'];
  expect(report.lines(status({ state: 'waiting', reason: 'Looking.' }))).toEqual(['waiting: Looking.']);
  expect(report.lines(status({ records: records(record(1, 5.58)), receipts }))).toEqual([
    'training: You train with 2 other volunteers.',
    'round 1, loss 5.500, validation 5.580, 3 of 3 contributed, mine: counted 256 tokens, state 01234567',
  ]);
  expect(report.lines(status({ records: records(record(1, 5.58)), receipts }))).toEqual([]);
  expect(
    report.lines(status({ records: records(record(1), record(2), record(3)), replicasAgree: false })),
  ).toEqual([
    'round 2, loss 5.500, 3 of 3 contributed, mine: followed, state 01234567',
    'round 3, loss 5.500, 3 of 3 contributed, mine: followed, state 01234567, REPLICAS DIFFER',
  ]);
});

test('a failure is an error line with what to do about it', () => {
  const report = new NodeReport();
  const failed = status({ state: 'failed', reason: 'The GPU was lost.', fix: 'Start it again.' });
  expect(report.lines(failed)).toEqual(['error: The GPU was lost. Start it again.']);
});
