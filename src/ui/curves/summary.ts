import { grouped } from '../format.ts';
import { text } from '../text.ts';
import { extentOf, valuesOf, type CurveChart, type CurveSeries, type RunFacts } from './catalogue.ts';
import { lowerBound } from './decimate.ts';
import { extended, nowhere } from './extent.ts';
import type { CurveTable } from './table.ts';
import type { Span } from './zoom.ts';

/** A change of less than this part of the first value is none. */
const noticeable = 0.005;

/** A chart in words, for those who do not see it: what each of its series did over the rounds shown. */
export function chartSummary(
  chart: CurveChart,
  table: CurveTable,
  facts: RunFacts,
  span: Span | undefined,
): string {
  const sentences = chart.series.flatMap((series) => seriesSummary(chart, series, table, facts, span) ?? []);
  return sentences.length === 0 ? text.curves.nothing(chart.id) : sentences.join(' ');
}

function seriesSummary(
  { kind, format }: CurveChart,
  series: CurveSeries,
  table: CurveTable,
  facts: RunFacts,
  span: Span | undefined,
): string | undefined {
  const values = valuesOf(series, table, facts);
  const { first, last, low, high } =
    span === undefined
      ? extentOf(series, table, facts)
      : extended(nowhere, values, lowerBound(table.rounds, span.min), firstAfter(table.rounds, span.max));
  if (first < 0) return undefined;
  const words = text.curves;
  const { label } = series;
  const [began, ended] = [values[first], values[last]];
  const [fromRound, toRound] = [table.rounds[first], table.rounds[last]];
  const rounds = Math.round(toRound - fromRound) + 1;
  if (first === last) return words.single(label, format(ended), grouped(Math.round(toRound)));
  if (kind === 'trend')
    return words.trend(label, format(began), format(ended), grouped(rounds), direction(began, ended));
  const middle = format(medianOf(values.subarray(first, last + 1)));
  return words.level(label, middle, format(low), format(high), grouped(rounds));
}

/** Of some thousand values, evenly chosen: to sort a hundred thousand every round is more than it is worth. */
function medianOf(values: Float64Array): number {
  const stride = Math.max(1, Math.floor(values.length / 2_000));
  const some = Float64Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => values[i * stride]);
  const measured = some.filter((value) => Number.isFinite(value)).sort();
  return measured[measured.length >> 1] ?? NaN;
}

/** The first index whose value is more than `value`. */
function firstAfter(sorted: Float64Array, value: number): number {
  let at = lowerBound(sorted, value);
  while (at < sorted.length && sorted[at] === value) at++;
  return at;
}

function direction(first: number, last: number): 'falling' | 'rising' | 'steady' {
  if (Math.abs(last - first) <= noticeable * Math.abs(first)) return 'steady';
  return last < first ? 'falling' : 'rising';
}
