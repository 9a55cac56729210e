import uPlot from 'uplot';
import type { CurveChart } from '../curves/catalogue.ts';
import { drawingOf, type Line, type Look } from '../curves/drawing.ts';
import type { CurveTable } from '../curves/table.ts';
import { plotOptions, type PlotHandlers } from './plot-options.ts';

/** All that a plot shows. */
export interface Shown {
  readonly chart: CurveChart;
  readonly table: CurveTable;
  /** Of the chart, smoothed as `look` says. */
  readonly lines: readonly Line[];
  readonly look: Look;
  /** The round that is read; undefined for none. */
  readonly at: number | undefined;
}

/** A chart on a canvas that fills its place, in the colours of the theme. Knows no React. */
export class PlotView {
  readonly #place: HTMLElement;
  readonly #handlers: PlotHandlers;
  readonly #resized: ResizeObserver;
  readonly #theme: MediaQueryList;
  readonly #redraw = (): void => this.#plot?.redraw(false, true);
  #plot: uPlot | undefined;
  #made = '';
  #shown: Shown | undefined;
  #drawn: readonly unknown[] = [];

  constructor(place: HTMLElement, handlers: PlotHandlers) {
    this.#place = place;
    this.#handlers = handlers;
    this.#resized = new ResizeObserver(() => {
      const { width, height } = this.#size();
      if (this.#plot === undefined || (width === this.#plot.width && height === this.#plot.height)) return;
      this.#plot.setSize({ width, height });
      if (this.#shown !== undefined) this.show(this.#shown);
    });
    this.#resized.observe(place);
    this.#theme = matchMedia('(prefers-color-scheme: dark)');
    this.#theme.addEventListener('change', this.#redraw);
  }

  /** The canvas that is drawn on, once something was. */
  get canvas(): HTMLCanvasElement | undefined {
    return this.#plot?.ctx.canvas;
  }

  /** Makes the plot that `show` draws on; false: there is one already. */
  make(shown: Shown): boolean {
    const before = this.#plot;
    return this.#plotFor(shown) !== before;
  }

  show(shown: Shown): void {
    const { table, lines, look, at } = shown;
    this.#shown = shown;
    const plot = this.#plotFor(shown);
    const drawn = [lines, look.logX, look.logY, look.span, plot, plot.width];
    if (drawn.some((one, index) => one !== this.#drawn[index])) {
      this.#drawn = drawn;
      const drawing = drawingOf(lines, table, look, plot.bbox.width);
      plot.batch(() => {
        const { columns, x, y } = drawing ?? { columns: [[]], x: undefined, y: undefined };
        plot.setData(columns as unknown as uPlot.AlignedData, false);
        if (x !== undefined) plot.setScale('x', { min: x.min, max: x.max });
        if (y !== undefined) plot.setScale('y', { min: y.min, max: y.max });
      });
    }
    this.#pointAt(plot, at);
  }

  destroy(): void {
    this.#theme.removeEventListener('change', this.#redraw);
    this.#resized.disconnect();
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  /** The plot there is, or another one where its lines or axes are of another kind. */
  #plotFor({ chart, lines, look }: Shown): uPlot {
    const kind = [chart.id, look.window > 1, look.logX, look.logY].join();
    if (this.#plot !== undefined && kind === this.#made) return this.#plot;
    this.#plot?.destroy();
    this.#made = kind;
    const options = plotOptions(chart, lines, look, this.#size(), this.#handlers);
    this.#plot = new uPlot(
      options,
      [[], ...lines.map(() => [])] as unknown as uPlot.AlignedData,
      this.#place,
    );
    return this.#plot;
  }

  #pointAt(plot: uPlot, at: number | undefined): void {
    const left = at === undefined ? -10 : plot.valToPos(at, 'x');
    const isOn = left >= 0 && left <= plot.over.clientWidth;
    plot.setCursor({ left: isOn ? left : -10, top: isOn ? 0 : -10 }, false);
  }

  #size(): { width: number; height: number } {
    return {
      width: Math.max(1, this.#place.clientWidth),
      height: Math.max(1, this.#place.clientHeight),
    };
  }
}
