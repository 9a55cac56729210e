import { Buckets } from './buckets.ts';
import { keyOf, valuesOf, type CurveChart, type CurveSeries, type RunFacts } from './catalogue.ts';
import { decimate, lowerBound, type AxisRange } from './decimate.ts';
import { smoother } from './smooth.ts';
import type { CurveTable } from './table.ts';
import type { Span } from './zoom.ts';

/** How a chart is to be drawn. */
export interface Look {
  /** Rounds of smoothing; 1 is none. */
  readonly window: number;
  readonly logX: boolean;
  readonly logY: boolean;
  /** Undefined: all rounds, also those to come. */
  readonly span: Span | undefined;
}

/** A line of the picture. */
export interface Line {
  readonly series: CurveSeries;
  readonly values: Float64Array;
  /** Tells the values from all others of the same table. */
  readonly key: string;
  /** The measurements themselves, behind their own smoothed line. */
  readonly ghost: boolean;
}

/** What a picture needs, and no more: columns for uPlot, null where there is no point. */
export interface Drawing {
  readonly lines: readonly Line[];
  readonly x: AxisRange;
  readonly y: AxisRange;
  readonly columns: readonly [number[], ...(number | null)[][]];
}

/** The first and last round of a table; undefined with less than two. */
export function fullSpan({ rounds, length }: CurveTable): Span | undefined {
  const [min, max] = [rounds[0], rounds[length - 1]];
  return min === undefined || max === undefined || !(max > min) ? undefined : { min, max };
}

/** The lines of a chart, those behind first. What is drawn of a series last is its smoothed line, if there is one. */
export function linesOf(chart: CurveChart, table: CurveTable, facts: RunFacts, window: number): Line[] {
  const ghosts: Line[] = [];
  const lines: Line[] = [];
  for (const series of chart.series) {
    const [raw, key] = [valuesOf(series, table, facts), keyOf(series, facts)];
    if (series.sparse || window <= 1) {
      lines.push({ series, values: raw, key, ghost: false });
      continue;
    }
    const smoothKey = `${key} over ${window}`;
    const smoothed = table.derived(smoothKey, () => {
      const fill = smoother(window);
      return (now, out, from, to) => {
        fill(now.rounds, valuesOf(series, now, facts), out, from, to);
      };
    });
    ghosts.push({ series, values: raw, key, ghost: true });
    lines.push({ series, values: smoothed, key: smoothKey, ghost: false });
  }
  return [...ghosts, ...lines];
}

/** The picture of a chart's lines over a plot `pixels` wide; undefined where there is nothing to draw. */
export function drawingOf(
  lines: readonly Line[],
  table: CurveTable,
  look: Look,
  pixels: number,
): Drawing | undefined {
  const full = fullSpan(table);
  if (full === undefined) return undefined;
  const { min, max } = look.span ?? full;
  // No logarithm of round 0: the axis begins at the first round there is one of.
  const x = { min: look.logX ? Math.max(1, min) : min, max: Math.max(2, max), log: look.logX };
  // What was measured decides which points are drawn; a smoothed line has no peaks of its own.
  const measured = lines.filter(
    (line) => line.ghost || !lines.some(({ series, ghost }) => ghost && series === line.series),
  );
  const shown = pointsOf(measured, table, look, x, Math.max(1, Math.round(pixels)));
  const y = yRange(lines, table.rounds, shown, x, look.logY);
  const rounds = new Array<number>(shown.length);
  for (let i = 0; i < shown.length; i++) rounds[i] = table.rounds[shown[i]];
  const columns = lines.map(({ values }) => columnOf(values, shown, look.logY));
  return { lines, x, y, columns: [rounds, ...columns] };
}

/** Plain loops: these are tens of thousands of points, each time a round comes. */
function columnOf(values: Float64Array, shown: Uint32Array, log: boolean): (number | null)[] {
  const column = new Array<number | null>(shown.length);
  for (let i = 0; i < shown.length; i++) {
    const value = values[shown[i]];
    column[i] = Number.isFinite(value) && !(log && value <= 0) ? value : null;
  }
  return column;
}

/** Indices of the points to draw. Those of a whole run are kept: a new round is the end of it. */
function pointsOf(
  lines: readonly Line[],
  table: CurveTable,
  { span, logX }: Look,
  x: AxisRange,
  pixels: number,
): Uint32Array {
  const series = lines.map(({ values }) => values);
  if (span !== undefined || logX || table.length <= 4 * pixels)
    return decimate(table.rounds, series, x, pixels);
  const key = `buckets of ${lines.map((line) => line.key).join(', ')}`;
  return table.kept(key, () => new Buckets()).indices(table.rounds, series, pixels);
}

/** From the lowest to the highest of what is shown, with some air. The indices shown hold the extremes of all points. */
function yRange(
  lines: readonly Line[],
  rounds: Float64Array,
  shown: Uint32Array,
  { min: from, max: to }: AxisRange,
  log: boolean,
): AxisRange {
  let [low, high] = [Infinity, -Infinity];
  let [first, end] = [0, shown.length];
  while (first < end && rounds[shown[first]] < from) first++;
  while (end > first && rounds[shown[end - 1]] > to) end--;
  for (const { values } of lines) {
    for (let i = first; i < end; i++) {
      const value = values[shown[i]];
      if (!Number.isFinite(value) || (log && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) [low, high] = [1, 2];
  if (log) {
    const air = Math.max((high / low) ** 0.05, 1.02);
    return { min: low / air, max: high * air, log };
  }
  const air = Math.max(0.06 * (high - low), 1e-3 * Math.abs(high), 1e-9);
  // Measures of how much start at nothing where that is near.
  const min = low >= 0 && low - air < 0.25 * high ? 0 : low - air;
  return { min, max: high + air, log };
}

/** The index of the round nearest to `round`; -1 in an empty table. */
export function nearestIndex({ rounds, length }: CurveTable, round: number): number {
  const above = lowerBound(rounds, round);
  if (above === 0) return length === 0 ? -1 : 0;
  if (above === length) return length - 1;
  return (rounds[above] ?? 0) - round < round - (rounds[above - 1] ?? 0) ? above : above - 1;
}
