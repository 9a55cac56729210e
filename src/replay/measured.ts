import type { metricNames, MetricsView } from '../volunteer/metrics.ts';
import type { RecordedRound } from './recording.ts';

/** What a tab that trains measures beyond the records. */
export const measuredNames = [
  'roundMs',
  'bytesUp',
  'bytesDown',
  'messageBytes',
  'payloadBytes',
  'ownTokensPerSecond',
  'gradientNorm',
] as const satisfies readonly (keyof RecordedRound & (typeof metricNames)[number])[];

export type Measured = Pick<RecordedRound, (typeof measuredNames)[number]>;

/** Looks up what was measured in a round; nothing where its row was merged with others. Rounds are to be asked for in order. */
export function measuredIn(metrics: MetricsView | undefined): (round: number) => Measured {
  const rounds = metrics?.column('round') ?? new Float64Array();
  const spans = metrics?.column('rounds') ?? new Float64Array();
  const columns = measuredNames.map((name) => metrics?.column(name) ?? new Float64Array());
  let at = 0;
  return (round) => {
    while (at < rounds.length && (rounds[at] ?? Infinity) < round) at++;
    const isIt = rounds[at] === round && spans[at] === 1;
    const values = measuredNames.map((name, i) => {
      const value = columns[i]?.[at];
      return [name, isIt && value !== undefined && Number.isFinite(value) ? value : undefined] as const;
    });
    return Object.fromEntries(values) as unknown as Measured;
  };
}
