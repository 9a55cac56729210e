import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { CurvePoint } from '../../volunteer/status.ts';
import { lossOptions, toColumns } from './loss-options.ts';

const height = 260;

/** The loss curve on a canvas, as wide as its place allows, in the colours of the theme. `label` says it in words. */
export function LossChart(props: { readonly curve: readonly CurvePoint[]; readonly label: string }) {
  const { curve, label } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = new uPlot(lossOptions({ width: element.clientWidth || 300, height }), [[], [], []], element);
    plot.current = made;
    const resized = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (width > 0 && width !== made.width) made.setSize({ width, height });
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
      plot.current = undefined;
    };
  }, []);

  useEffect(() => {
    plot.current?.setData(toColumns(curve));
  }, [curve]);

  return <div className="loss-chart" ref={place} role="img" aria-label={`Loss by round. ${label}`} />;
}
