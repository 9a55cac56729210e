import type uPlot from 'uplot';
import type { CurveChart } from '../curves/catalogue.ts';
import type { Line } from '../curves/drawing.ts';
import { logTicks } from '../curves/ticks.ts';
import { formatRound } from '../curves/catalogue.ts';

/** A theme's colour as it is now: read at every draw, so that a change of theme needs only a redraw. */
export const themeColour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const themed = (name: string) => (): string => themeColour(name);

const wholeRounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6];

/** As many decimals as the distance between two lines of the grid needs, where the chart itself has no shorter way. */
const ticksOf =
  (chart: CurveChart) =>
  (_: uPlot, ticks: (number | null)[]): (string | null)[] => {
    if (chart.kind === 'level')
      return ticks.map((tick) => (tick === null ? null : short(chart.format(tick))));
    const known = ticks.filter((tick) => tick !== null);
    const [a = 0, b = 1] = known;
    const decimals = Math.min(4, Math.max(1, Math.ceil(-Math.log10(Math.abs(b - a) || 1) - 1e-9)));
    return ticks.map((tick) => (tick === null ? null : tick.toFixed(decimals)));
  };

/** "3.50k tok/s" is 3.5k: the axis names its unit once, and a grid needs no more digits than it has. */
const short = (formatted: string): string =>
  formatted
    .replace(/ tok\/s$/, '')
    .replace(/(\.\d*?)0+(?=\D|$)/, '$1')
    .replace(/\.(?=\D|$)/, '');

/** Pixels for the numbers at the axes and for the last one's overhang; curves.css knows them too. */
const [xAxis, yAxis, edge] = [30, 58, 20];

/** Round values for an axis that is spaced by powers. */
const powers = (apart: number): Partial<uPlot.Axis> => ({
  splits: (plot, axis, min, max) =>
    logTicks(min, max, (axis === 0 ? plot.width - yAxis - edge : plot.height - xAxis - edge) / apart),
  filter: (_, splits) => splits,
});

const roundTicks = (_: uPlot, ticks: (number | null)[]): (string | null)[] =>
  ticks.map((tick) => (tick === null || !Number.isInteger(tick) ? null : formatRound(tick)));

const seriesOf = ({ series, ghost }: Line): uPlot.Series => ({
  stroke: themed(series.colour),
  alpha: ghost ? 0.3 : 1,
  width: ghost ? 1 : series.sparse ? 2.25 : 1.75,
  spanGaps: series.sparse,
  auto: false, // its extent is computed with what is drawn of it
  points: {
    // Points that touch each other are a thick line.
    show: (plot) =>
      !ghost &&
      series.sparse &&
      plot.width / Math.max(1, plot.data[0].length) > 2 &&
      plot.data[0].length < 400,
    size: 5,
    fill: themed(series.colour),
  },
});

/** Axes are what we say, not rounded to anything. */
const asGiven: uPlot.Range.Function = (_, min, max) => [min ?? 1, max ?? 2];

/** What a person does on the plot. */
export interface PlotHandlers {
  /** Dragged across rounds `min` to `max`; undefined: asked for all. */
  readonly span: (span: { readonly min: number; readonly max: number } | undefined) => void;
  /** Points at a round; undefined: at none any more. */
  readonly point: (round: number | undefined) => void;
}

/** A plot of `lines`, whose axes are set from outside. */
export function plotOptions(
  chart: CurveChart,
  lines: readonly Line[],
  scales: { readonly logX: boolean; readonly logY: boolean },
  size: { readonly width: number; readonly height: number },
  handlers: PlotHandlers,
): uPlot.Options {
  const { logX, logY } = scales;
  const axis: uPlot.Axis = {
    stroke: themed('--ink-soft'),
    font: '12px system-ui, sans-serif',
    ticks: { show: false },
  };
  return {
    ...size,
    // The same at every size, so that what is under the plot can be as wide.
    padding: [edge, edge, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 8 },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          handlers.span(undefined);
          return null;
        },
      },
    },
    scales: {
      x: { time: false, auto: false, distr: logX ? 3 : 1, range: asGiven },
      y: { auto: false, distr: logY ? 3 : 1, range: asGiven },
    },
    axes: [
      {
        ...{ ...axis, grid: { show: false }, space: 70, size: xAxis, incrs: wholeRounds, values: roundTicks },
        ...(logX ? powers(70) : {}),
      },
      {
        ...{
          ...axis,
          grid: { stroke: themed('--rule'), width: 1 },
          space: 36,
          size: yAxis,
          values: ticksOf(chart),
        },
        ...(logY ? powers(30) : {}),
      },
    ],
    series: [{}, ...lines.map(seriesOf)],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          if (width < 6) return;
          handlers.span({ min: plot.posToVal(left, 'x'), max: plot.posToVal(left + width, 'x') });
        },
      ],
      setCursor: [
        (plot) => {
          const { left, event } = plot.cursor;
          // Only what a person does has an event: we also put the cursor ourselves.
          if (event === undefined || event === null) return;
          handlers.point(left === undefined || left < 0 ? undefined : plot.posToVal(left, 'x'));
        },
      ],
    },
  };
}
