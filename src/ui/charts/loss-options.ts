import type uPlot from 'uplot';
import type { CurvePoint } from '../../volunteer/status.ts';
import { formatLoss } from '../format.ts';

/** A theme's colour as it is now: read at every draw, so that a change of theme needs only a redraw. */
const themed = (name: string) => (): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const axisFont = '12px system-ui, sans-serif';

/** Points as uPlot wants them: rounds, training loss, validation loss (null where it was not measured). */
export function toColumns(curve: readonly CurvePoint[]): uPlot.AlignedData {
  return [
    curve.map((point) => point.round),
    curve.map((point) => point.train),
    curve.map((point) => point.validation ?? null),
  ];
}

/** The chart: a thin line for training loss, a strong one with its measured points for validation loss. */
export function lossOptions(size: { width: number; height: number }): uPlot.Options {
  const axis = {
    stroke: themed('--ink-soft'),
    font: axisFont,
    grid: { stroke: themed('--rule'), width: 1 },
    ticks: { show: false },
  };
  return {
    ...size,
    legend: { show: true, live: true },
    cursor: { points: { size: 8 }, drag: { x: true, y: false } },
    scales: { x: { time: false } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 70,
        size: 30,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4],
      },
      {
        ...axis,
        size: 42,
        values: (_, splits) =>
          splits.map((loss) =>
            loss.toFixed(splits.length > 1 && Math.abs((splits[1] ?? 1) - (splits[0] ?? 0)) < 0.1 ? 2 : 1),
          ),
      },
    ],
    series: [
      { label: 'Round', value: (_, round: number | null) => (round === null ? '–' : String(round)) },
      {
        label: 'Training',
        stroke: themed('--curve-train'),
        width: 1.25,
        points: { show: false },
        value: (_, loss: number | null) => formatLoss(loss ?? undefined),
      },
      {
        label: 'Validation',
        stroke: themed('--curve-validation'),
        width: 2.5,
        spanGaps: true,
        points: { show: (plot) => plot.data[0].length < 400, size: 5, fill: themed('--curve-validation') },
        value: (_, loss: number | null) => formatLoss(loss ?? undefined),
      },
    ],
  };
}
