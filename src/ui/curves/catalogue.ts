import type { MetricName } from '../../volunteer/metrics.ts';
import { formatBytes, formatLoss, formatRatio, formatSpeed, grouped } from '../format.ts';
import { text } from '../text.ts';
import { GrowingExtent, type Extent } from './extent.ts';
import type { CurveTable } from './table.ts';

/** What of the run is not a matter of rounds. */
export interface RunFacts {
  /** Of the model; undefined where it is not known. */
  readonly parameters: number | undefined;
}

export interface CurveSeries {
  /** Its column in an exported file. */
  readonly key: string;
  readonly label: string;
  /** A colour of tokens.css. */
  readonly colour: string;
  /** Measured in few rounds: drawn as points with lines between them, and never smoothed. */
  readonly sparse: boolean;
  readonly values: (table: CurveTable, facts: RunFacts) => Float64Array;
}

export interface CurveChart {
  readonly id: 'loss' | 'bits' | 'speed' | 'traffic' | 'compression' | 'gradient';
  readonly name: string;
  readonly unit: string;
  /** What one should know of it, one sentence. */
  readonly note: string;
  readonly series: readonly CurveSeries[];
  readonly format: (value: number | undefined) => string;
  /** Losses have a direction that matters; the others have a level. */
  readonly kind: 'trend' | 'level';
}

/** `value` of two columns, row by row, under a name of its own. */
function each(
  table: CurveTable,
  key: string,
  [a, b]: readonly [MetricName, MetricName],
  value: (a: number, b: number) => number,
): Float64Array {
  return table.derived(key, () => (now, out, from, to) => {
    const [as, bs] = [now.column(a), now.column(b)];
    for (let i = from; i < to; i++) out[i] = value(as[i], bs[i]);
  });
}

const { series: labels, charts: words } = text.curves;

const loss = (key: 'train' | 'validation', unit: 'nats' | 'bits'): CurveSeries => ({
  key: `${key === 'train' ? 'training' : 'validation'}_${unit === 'nats' ? 'loss_nats' : 'bits_per_byte'}`,
  label: labels[key],
  colour: key === 'train' ? '--curve-train' : '--curve-validation',
  sparse: key === 'validation',
  // A byte is a token, so nats a token over ln 2 are bits a byte.
  values: (table) =>
    unit === 'nats' ? table.column(key) : each(table, `${key} bits`, [key, key], (nats) => nats / Math.LN2),
});

const own = (
  name: 'ownTokensPerSecond' | 'bytesUp' | 'bytesDown' | 'messageBytes' | 'gradientNorm',
  key: string,
  colour: string,
): CurveSeries => ({
  ...{ key, colour, label: labels[name], sparse: false },
  values: (table) => table.column(name),
});

const everyone: CurveSeries = {
  ...{ key: 'tokens_per_second_all', label: labels.tokensPerSecond, colour: '--curve-1', sparse: false },
  values: (table) =>
    each(table, 'tokens a second', ['tokens', 'roundMs'], (tokens, ms) =>
      ms > 0 ? (1000 * tokens) / ms : NaN,
    ),
};

const compression: CurveSeries = {
  ...{ key: 'compression', label: labels.compression, colour: '--curve-1', sparse: false },
  values: (table, { parameters }) =>
    each(table, `compression of ${parameters ?? ''}`, ['payloadBytes', 'payloadBytes'], (bytes) =>
      parameters === undefined || !(bytes > 0) ? NaN : (4 * parameters) / bytes,
    ),
};

const three = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? '–' : String(Number(value.toPrecision(3)));

/** All there is to look at, in the order of the page. */
export const charts: readonly CurveChart[] = [
  {
    ...{ id: 'loss', kind: 'trend', format: formatLoss, ...words.loss },
    series: [loss('train', 'nats'), loss('validation', 'nats')],
  },
  {
    ...{ id: 'bits', kind: 'trend', format: formatLoss, ...words.bits },
    series: [loss('train', 'bits'), loss('validation', 'bits')],
  },
  {
    ...{ id: 'speed', kind: 'level', format: formatSpeed, ...words.speed },
    series: [everyone, own('ownTokensPerSecond', 'tokens_per_second_own', '--curve-2')],
  },
  {
    ...{ id: 'traffic', kind: 'level', format: formatBytes, ...words.traffic },
    series: [
      own('bytesUp', 'bytes_up', '--curve-1'),
      own('bytesDown', 'bytes_down', '--curve-2'),
      own('messageBytes', 'message_bytes_own', '--curve-3'),
    ],
  },
  {
    ...{ id: 'compression', kind: 'level', format: formatRatio, ...words.compression },
    series: [compression],
  },
  {
    ...{ id: 'gradient', kind: 'level', format: three, ...words.gradient },
    series: [own('gradientNorm', 'gradient_norm_own', '--curve-1')],
  },
];

export const chartOf = (id: CurveChart['id']): CurveChart =>
  charts.find((chart) => chart.id === id) ?? charts[0];

/** A round as it is read: the point after the last training is "after round N". */
export const formatRound = (round: number): string => grouped(Math.round(round));

/** A series' values over a table's rounds. */
export const valuesOf = (series: CurveSeries, table: CurveTable, facts: RunFacts): Float64Array =>
  series.values(table, facts);

/** What tells a series' values from all others of the same table. */
export const keyOf = (series: CurveSeries, { parameters }: RunFacts): string =>
  `${series.key}/${parameters ?? ''}`;

/** From where to where a series was measured, and how far it goes. */
export const extentOf = (series: CurveSeries, table: CurveTable, facts: RunFacts): Extent =>
  table
    .kept(`extent of ${keyOf(series, facts)}`, () => new GrowingExtent())
    .of(valuesOf(series, table, facts));

/** Whether anything of a chart was ever measured. */
export const hasAny = (chart: CurveChart, table: CurveTable, facts: RunFacts): boolean =>
  chart.series.some((series) => extentOf(series, table, facts).first >= 0);
