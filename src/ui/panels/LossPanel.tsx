import { LossChart } from '../charts/LossChart.tsx';
import { curveOf, curveSummary } from '../derive.ts';
import type { PageSnapshot } from '../host.ts';
import { Panel } from './Panel.tsx';

/** The loss curve, and the same in words. */
export function LossPanel({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const curve = curveOf(snapshot);
  const summary = curveSummary(curve);
  return (
    <Panel title="Loss" area="loss" aside="nats a byte, lower is better">
      <figure className="chart">
        <LossChart curve={curve} label={summary} />
        <figcaption className="note" data-testid="curve-summary" data-points={curve.length}>
          {summary}
        </figcaption>
      </figure>
    </Panel>
  );
}
