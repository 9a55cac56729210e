import { PlotView } from '../src/ui/charts/plot-view.ts';
import { charts, chartOf, hasAny } from '../src/ui/curves/catalogue.ts';
import { chartSummary } from '../src/ui/curves/summary.ts';
import { tableMaker } from '../src/ui/curves/table.ts';
import { fakeHistory, fakeRow } from '../src/ui/curves/fake-metrics.test-data.ts';
import { linesOf, type Look } from '../src/ui/curves/drawing.ts';

/** Milliseconds of script a redraw takes, for each repetition. */
export interface RedrawTimes {
  readonly name: string;
  readonly ms: readonly number[];
}

/**
 * In a page: what the page's thread does when a round has come to a run of `rounds`, for each chart and look: each repetition is
 * one round more, and everything that depends on the table follows. Painting the canvas is the browser's and is not in it.
 */
export function timeRedraws(rounds: number, repetitions: number): RedrawTimes[] {
  const place = document.createElement('div');
  Object.assign(place.style, { position: 'fixed', inset: '0', width: '1200px', height: '480px' });
  document.body.append(place);
  const view = new PlotView(place, { span: () => undefined, point: () => undefined });
  const facts = { parameters: 164_160 };
  const usual: Look = { window: 30, logX: false, logY: false, span: undefined };
  const cases: [string, (typeof charts)[number], Look][] = [
    ...charts.map((chart) => [chart.name, chart, usual] as [string, typeof chart, Look]),
    ['Loss, not smoothed', chartOf('loss'), { ...usual, window: 1 }],
    ['Loss, log axes', chartOf('loss'), { ...usual, logX: true, logY: true }],
    [
      'Loss, a tenth of the run',
      chartOf('loss'),
      { ...usual, span: { min: rounds * 0.4, max: rounds * 0.5 } },
    ],
  ];
  // Ends at `rounds`: a full history would be thinned out to half.
  let newest = Math.max(2, rounds - cases.length * (repetitions + 3));
  const history = fakeHistory(newest);
  const times = cases.map(([name, chart, look]) => {
    const ms: number[] = [];
    const tableOf = tableMaker();
    for (let i = 0; i < repetitions + 3; i++) {
      history.add(fakeRow(++newest, rounds));
      const start = performance.now();
      const table = tableOf([], history.view);
      hasAny(chart, table, facts);
      chartSummary(chart, table, facts, look.span);
      const lines = linesOf(chart, table, facts, look.window);
      view.show({ chart, table, lines, look, at: rounds / 2 });
      ms.push(performance.now() - start);
    }
    return { name, ms: ms.slice(3) }; // the first few compile, and derive what is later continued
  });
  view.destroy();
  place.remove();
  return times;
}
