import { expect, test } from 'vitest';
import { fakeLife, fakeRecord } from './fake-life.test-data.ts';
import { buildReport, type SwarmReport } from './report.ts';
import { shortfalls } from './shortfalls.ts';

const losses = new Map([
  [1, 5.5],
  [26, 4.5],
  [51, 3.5],
  [76, 3],
  [101, 2.9],
]);
const records = Array.from({ length: 120 }, (_, index) =>
  fakeRecord(index + 1, `state ${index + 1}`, losses.get(index + 1)),
);
const steps = [30, 50, 70, 90].map((round) => ({ round, action: 'kill', volunteer: 1 }));

/** A report that keeps all that a churned run promises, but for `more`. */
const churned = (more: Partial<SwarmReport> = {}): SwarmReport => ({
  ...buildReport(
    [1, 2].map((number) => ({
      number,
      host: 'chromium',
      latecomer: false,
      lives: [fakeLife(records, { finalRound: 118, longestRoundMs: 31_000, validationLoss: 2.8 })],
    })),
    { script: 'churn', steps, wallSeconds: 100 },
  ),
  ...more,
});

const missing = (report: SwarmReport): string[] => shortfalls(report, { scriptSteps: 4, deadlineMs: 30_000 });

test('a churned run that keeps all it promises falls short of nothing', () => {
  expect(missing(churned())).toEqual([]);
  expect(missing(churned({ finalRounds: 117 }))).toEqual([]);
});

test.each<[string, Partial<SwarmReport>, RegExp]>([
  ['digests that differ', { digestsAgree: false }, /same digest/],
  ['four rounds not final', { finalRounds: 116 }, /last 3 of 120 rounds final \(116\)/],
  ['a round over the deadline and a succession', { longestRoundMs: 32_000 }, /below 32000 ms \(32000\)/],
  ['a longest round that nobody measured', { longestRoundMs: 0 }, /measured/],
  ['a step that never came', { steps: steps.slice(1) }, /all 4 steps/],
  [
    'a validation loss that stands still once',
    { valLoss: [5, 4, 4, 3].map((loss, index) => ({ round: 1 + 25 * index, loss })) },
    /4\.0000 before round 26, 4\.0000 before round 51/,
  ],
  [
    'a validation loss that is not a number',
    { valLoss: [5, NaN, 4, 3].map((loss, index) => ({ round: 1 + 25 * index, loss })) },
    /falling/,
  ],
  ['too few measurements', { valLoss: [{ round: 1, loss: 5 }] }, /at least 4/],
])('%s is a shortfall of a churned run', (_, more, promise) => {
  const found = missing(churned(more));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(promise);
});

test('volunteers of several hosts promise one digest after every round, seen at each', () => {
  const calm = churned({ script: null, steps: [] });
  const volunteers = calm.volunteers.map((one, index) => ({ ...one, host: index === 0 ? 'node' : one.host }));
  const mixed = { ...calm, volunteers };
  expect(missing(mixed)).toEqual([]);
  expect(missing({ ...mixed, roundsSeenByAll: 119 })).toEqual([expect.stringMatching(/120 rounds \(119\)/)]);
  expect(missing({ ...mixed, digestsAgree: false })).toHaveLength(1);
});

test('a calm run of one host promises what 300 rounds of nano show', () => {
  const calm = { ...churned(), script: null, compressionVsFp32: 1141, messageCompressionVsFp32: 987 };
  expect(missing({ ...calm, valLossLast: 2.75 })).toEqual([]);
  expect(missing({ ...calm, valLossLast: 2.76 })).toEqual([expect.stringMatching(/validation loss/)]);
  expect(missing({ ...calm, compressionVsFp32: NaN })).toHaveLength(2);
});
