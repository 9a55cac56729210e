import { openRounds } from './agreement.ts';
import type { SwarmReport } from './report.ts';

/** A promise, and whether the report keeps it. */
type Promised = readonly [kept: boolean, promise: string];

const number = (value: number | null, digits = 0): string => value?.toFixed(digits) ?? 'none';

/** Beyond the deadline a round may take one succession: the time in which the next rank's record gets round. */
const successionMs = 2_000;

/** Too few measurements show no fall. */
const fewestMeasurements = 4;

const agreed = ({ digestsAgree }: SwarmReport): Promised => [
  digestsAgree,
  'every volunteer holds the same digest after every round',
];

/** What 300 rounds of `nano` by three volunteers with seed 1 show. */
function calm(report: SwarmReport): Promised[] {
  const { compute, exchange, agree, apply, other } = report.phaseMs;
  const rest = (exchange + agree + apply + other) / (compute + exchange + agree + apply + other);
  const { compressionVsFp32, messageCompressionVsFp32, valLossLast } = report;
  return [
    agreed(report),
    [compressionVsFp32 >= 1120, `payload compression of 1,120 (${number(compressionVsFp32)})`],
    [messageCompressionVsFp32 >= 950, `message compression of 950 (${number(messageCompressionVsFp32)})`],
    [(valLossLast ?? Infinity) <= 2.75, `validation loss of 2.75 (${number(valLossLast, 3)})`],
    [rest < 1 / 3, `less than a third of a round outside compute (${rest.toFixed(3)})`],
  ];
}

/** The first measurement that is not strictly below the one before it; undefined if there is none. */
function firstNotFalling(valLoss: SwarmReport['valLoss']): string | undefined {
  const at = valLoss.findIndex(({ loss }, index) => index > 0 && !(loss < valLoss[index - 1].loss));
  if (at < 0) return undefined;
  const [before, after] = [valLoss[at - 1], valLoss[at]];
  return `${number(before.loss, 4)} before round ${before.round}, ${number(after.loss, 4)} before round ${after.round}`;
}

/** What a run shows through whose volunteers come and go. */
function throughChurn(report: SwarmReport, scriptSteps: number, deadlineMs: number): Promised[] {
  const { finalRounds, rounds, longestRoundMs, valLoss, steps } = report;
  const rise = firstNotFalling(valLoss);
  const bound = deadlineMs + successionMs;
  return [
    agreed(report),
    [steps.length === scriptSteps, `all ${scriptSteps} steps of the script (${steps.length})`],
    [
      finalRounds >= rounds - openRounds,
      `all but the last ${openRounds} of ${rounds} rounds final (${finalRounds})`,
    ],
    [
      longestRoundMs > 0 && longestRoundMs < bound,
      `longest round measured, and below ${bound} ms (${number(longestRoundMs)})`,
    ],
    [
      valLoss.length >= fewestMeasurements && rise === undefined,
      `validation loss falling throughout, at least ${fewestMeasurements} measurements (${valLoss.length}; ${rise ?? 'all falling'})`,
    ],
  ];
}

/** What volunteers of several hosts show: one digest every round, seen at every one of them. */
function acrossHosts(report: SwarmReport): Promised[] {
  const { roundsSeenByAll, rounds } = report;
  return [
    agreed(report),
    [
      roundsSeenByAll === rounds,
      `one digest at every volunteer after each of ${rounds} rounds (${roundsSeenByAll})`,
    ],
  ];
}

/**
 * What such a run promises and this one does not keep; empty when all is kept. With a script: what holds through churn (with
 * `scriptSteps` steps, in a run of that round deadline). Volunteers of several hosts: one digest every round. Neither: what
 * 300 rounds of `nano` by three volunteers with seed 1 show.
 */
export function shortfalls(
  report: SwarmReport,
  of: { readonly scriptSteps: number; readonly deadlineMs: number },
): string[] {
  const mixed = new Set(report.volunteers.map(({ host }) => host)).size > 1;
  const promised: Promised[] = [];
  if (report.script !== null) promised.push(...throughChurn(report, of.scriptSteps, of.deadlineMs));
  else if (mixed) promised.push(...acrossHosts(report));
  else promised.push(...calm(report));
  return promised.flatMap(([kept, promise]) => (kept ? [] : [promise]));
}
