import { text } from '../text.ts';
import { formatRound, valuesOf, type CurveChart, type CurveSeries, type RunFacts } from './catalogue.ts';
import { lowerBound } from './decimate.ts';
import type { Line } from './drawing.ts';
import type { CurveTable } from './table.ts';

/** What one series shows at a round. */
export interface Reading {
  readonly series: CurveSeries;
  /** As measured; for a series of few rounds, the newest measurement so far. Undefined: none. */
  readonly value: number | undefined;
  readonly smoothed: number | undefined;
  /** The round of the measurement, where it is not the one asked about. */
  readonly since: number | undefined;
}

/** What a chart shows at the point `index` of its table. */
export function readingsAt(lines: readonly Line[], table: CurveTable, index: number): Reading[] {
  return lines
    .filter(({ ghost }) => !ghost)
    .map(({ series, values }) => {
      const raw = lines.find((line) => line.ghost && line.series === series)?.values;
      const at = series.sparse ? lastMeasured(values, index) : index;
      const value = finite((raw ?? values)[at]);
      return {
        series,
        value,
        smoothed: raw === undefined ? undefined : finite(values[at]),
        since: value === undefined || at === index ? undefined : table.rounds[at],
      };
    });
}

/** Readings in words. */
export function readoutText(chart: CurveChart, round: number, readings: readonly Reading[]): string {
  return [text.curves.round(formatRound(round)), ...readings.map((one) => readingText(chart, one))].join(
    '; ',
  );
}

/** "Training loss 3.210, smoothed 3.305". */
export function readingText(chart: CurveChart, { series, value, smoothed, since }: Reading): string {
  const words = text.curves;
  if (value === undefined) return words.measured(series.label, words.notMeasured);
  const measured = words.measured(series.label, chart.format(value));
  if (since !== undefined) return `${measured} ${words.since(formatRound(since))}`;
  return smoothed === undefined ? measured : `${measured}, ${words.smoothed(chart.format(smoothed))}`;
}

export interface TableRow {
  readonly round: number;
  /** One a series; undefined where it was not measured. */
  readonly values: readonly (number | undefined)[];
}

/**
 * At most `most` rows of a chart, evenly over rounds `min` to `max` by index, the first and the last among them; where a series
 * is measured in few rounds, a row is taken where it was.
 */
export function rowsOf(
  chart: CurveChart,
  table: CurveTable,
  facts: RunFacts,
  { min, max, most = 20 }: { readonly min: number; readonly max: number; readonly most?: number },
): TableRow[] {
  const columns = chart.series.map((series) => valuesOf(series, table, facts));
  const sparse = columns.filter((_, index) => chart.series[index].sparse);
  const [from, to] = [lowerBound(table.rounds, min), lowerBound(table.rounds, max + 1e-9)];
  const count = Math.min(most, to - from);
  const stride = count > 1 ? (to - from - 1) / (count - 1) : 0;
  const chosen = Array.from({ length: count }, (_, row) => {
    const middle = from + Math.round(row * stride);
    if (row === 0 || row === count - 1) return middle;
    for (let away = 0; away < stride / 2; away++)
      for (const at of [middle - away, middle + away])
        if (sparse.some((column) => Number.isFinite(column[at]))) return at;
    return middle;
  });
  return [...new Set(chosen)]
    .map((at) => ({ round: table.rounds[at], values: columns.map((column) => finite(column[at])) }))
    .filter(({ values }) => values.some((value) => value !== undefined));
}

const finite = (value: number | undefined): number | undefined =>
  value !== undefined && Number.isFinite(value) ? value : undefined;

function lastMeasured(values: Float64Array, from: number): number {
  for (let i = from; i >= 0; i--) if (Number.isFinite(values[i])) return i;
  return from;
}
