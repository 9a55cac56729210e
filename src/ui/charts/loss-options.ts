import type uPlot from 'uplot';
import type { CurvePoint } from '../../volunteer/status.ts';
import { formatLoss, grouped } from '../format.ts';

/** A theme's colour as it is now: read at every draw, so that a change of theme needs only a redraw. */
const themed = (name: string) => (): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Points as uPlot wants them: rounds, training loss, validation loss (null where it was not measured). */
export function toColumns(curve: readonly CurvePoint[]): uPlot.AlignedData {
  return [
    curve.map((point) => point.round),
    curve.map((point) => point.train),
    curve.map((point) => point.validation ?? null),
  ];
}

/** The value under the cursor, or the newest one where the cursor is elsewhere. */
function valueAt(plot: uPlot, series: number, index: number | null | undefined): number | undefined {
  const column = plot.data[series] ?? [];
  if (index !== null && index !== undefined) return column[index] ?? undefined;
  for (let i = column.length - 1; i >= 0; i--) {
    const value = column[i];
    if (value !== null && value !== undefined) return value;
  }
  return undefined;
}

const lossLabel: uPlot.Series.Value = (plot, _raw, series, index) => formatLoss(valueAt(plot, series, index));

const roundLabel: uPlot.Series.Value = (plot, _raw, series, index) => {
  const round = valueAt(plot, series, index);
  return round === undefined ? '–' : grouped(round);
};

/** As many decimals as the distance between two lines of the grid needs. */
function lossTicks(_: uPlot, ticks: number[]): string[] {
  const step = ticks.length > 1 ? Math.abs((ticks[1] ?? 0) - (ticks[0] ?? 0)) : 1;
  const decimals = Math.max(1, Math.ceil(-Math.log10(step) - 1e-9));
  return ticks.map((loss) => loss.toFixed(decimals));
}

const wholeRounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5];

/** A thin line for training loss, a strong one with its measured points for validation loss. */
export function lossOptions(
  size: { readonly width: number; readonly height: number },
  legendPlace: HTMLElement,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: themed('--ink-soft'),
    font: '12px system-ui, sans-serif',
    ticks: { show: false },
  };
  return {
    ...size,
    legend: { mount: (_, element) => legendPlace.append(element), markers: { fill: markerColour } },
    cursor: { points: { size: 8 }, drag: { x: true, y: false } },
    scales: { x: { time: false } },
    axes: [
      { ...axis, grid: { show: false }, space: 70, size: 30, incrs: wholeRounds },
      { ...axis, grid: { stroke: themed('--rule'), width: 1 }, space: 40, size: 44, values: lossTicks },
    ],
    series: [
      { label: 'Round', value: roundLabel },
      {
        label: 'Training',
        stroke: themed('--curve-train'),
        width: 1.25,
        points: { show: false },
        value: lossLabel,
      },
      {
        label: 'Validation',
        stroke: themed('--curve-validation'),
        width: 2.5,
        spanGaps: true,
        points: { show: (plot) => plot.data[0].length < 400, size: 5, fill: themed('--curve-validation') },
        value: lossLabel,
      },
    ],
  };
}

/** Custom properties, so that the legend's marks follow the theme without a redraw. */
const markerColour = (_: uPlot, series: number): string =>
  series === 1 ? 'var(--curve-train)' : 'var(--curve-validation)';
