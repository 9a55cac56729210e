import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { CurvePoint } from '../../volunteer/status.ts';
import { lossOptions, toColumns } from './loss-options.ts';

/** The loss curve on a canvas that fills its place, in the colours of the theme. `label` says it in words. */
export function LossChart(props: { readonly curve: readonly CurvePoint[]; readonly label: string }) {
  const { curve, label } = props;
  const place = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);

  useEffect(() => {
    const [element, legendPlace] = [place.current, legend.current];
    if (element === null || legendPlace === null) return;
    const size = (): { width: number; height: number } => ({
      width: Math.max(1, element.clientWidth),
      height: Math.max(1, element.clientHeight),
    });
    const made = new uPlot(lossOptions(size(), legendPlace), [[], [], []], element);
    plot.current = made;
    const resized = new ResizeObserver(() => {
      const { width, height } = size();
      if (width !== made.width || height !== made.height) made.setSize({ width, height });
    });
    resized.observe(element);
    const theme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => {
      made.redraw(false, true);
    };
    theme.addEventListener('change', redraw);
    return () => {
      theme.removeEventListener('change', redraw);
      resized.disconnect();
      made.destroy();
      legendPlace.replaceChildren();
      plot.current = undefined;
    };
  }, []);

  useEffect(() => {
    plot.current?.setData(toColumns(curve));
  }, [curve]);

  return (
    <>
      <div className="chart-legend" ref={legend} />
      <div className="loss-chart" ref={place} role="img" aria-label={`Loss by round. ${label}`} />
    </>
  );
}
