import { useEffect, useRef, type Ref, useImperativeHandle } from 'react';
import { picture } from './picture.ts';
import type { PlotHandlers } from './plot-options.ts';
import { PlotView, type Shown } from './plot-view.ts';

/** What a plot can be asked for. */
export interface PlotHandle {
  /** The plot as it is, with its title and the names of its lines. */
  picture(title: string): Promise<Blob>;
}

interface Props extends Shown {
  /** The picture in words. */
  readonly label: string;
  readonly handlers: PlotHandlers;
  readonly ref?: Ref<PlotHandle>;
}

/** The plot of a chart; it fills the place it is put in. Loaded on demand: this is where uPlot comes in. */
export default function CurvePlot({ chart, table, lines, look, at, label, handlers, ref }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<PlotView>(undefined);

  useEffect(() => {
    if (place.current === null) return;
    const made = new PlotView(place.current, handlers);
    view.current = made;
    return () => {
      made.destroy();
      view.current = undefined;
    };
  }, [handlers]);

  useEffect(() => {
    const shown = { chart, table, lines, look, at };
    // In tasks of their own: the panel around it is one already, and what is drawn first is made first.
    let drawing = setTimeout(() => {
      if (view.current?.make(shown) === false) view.current.show(shown);
      else drawing = setTimeout(() => view.current?.show(shown));
    });
    return () => {
      clearTimeout(drawing);
    };
  }, [chart, table, lines, look, at, handlers]);

  useImperativeHandle(ref, () => ({ picture: (title) => picture(view.current?.canvas, title, chart) }), [
    chart,
  ]);

  return <div className="curve-plot" ref={place} role="img" aria-label={label} />;
}
