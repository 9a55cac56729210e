import { Curve } from './curve.ts';
import { applyDelta, type MetricsDelta } from './metrics-feed.ts';
import { MetricsHistory, metricNames, metricsWidth, type MetricsView } from './metrics.ts';
import type { CurvePoint } from './status.ts';

const [round, train, validation] = (['round', 'train', 'validation'] as const).map((name) =>
  metricNames.indexOf(name),
);
const nothing = new MetricsHistory().view;

/** What one run measured, as the page of a worker keeps it: its rounds, and the short curve that a status carries. */
export class RunMetrics {
  /** Whatever tells the run from others. */
  readonly run: string;
  readonly #history = new MetricsHistory();
  readonly #curve = new Curve();
  #points: readonly CurvePoint[] = [];
  #lastTrain: number | undefined;

  constructor(run: string) {
    this.run = run;
  }

  /** Its rounds; none where another run is shown. */
  viewFor(shown: string | undefined): MetricsView {
    return shown === undefined || shown === this.run ? this.#history.view : nothing;
  }

  /** Takes what is new. The curve is the same object until something is. */
  take(delta: MetricsDelta | undefined): readonly CurvePoint[] {
    if (delta === undefined) return this.#points;
    applyDelta(this.#history, delta);
    this.#curve.cutBack(delta.keepTo);
    for (let at = 0; at < delta.rows.length; at += metricsWidth) {
      const number = (column: number | undefined): number => delta.rows[at + (column ?? 0)] ?? NaN;
      const measured = number(validation);
      // The measurement after the last round has no training of its own.
      const here = Number.isNaN(number(train)) ? this.#lastTrain : number(train);
      if (here === undefined || (Number.isNaN(number(train)) && Number.isNaN(measured))) continue;
      this.#lastTrain = here;
      this.#curve.add({
        round: number(round),
        train: here,
        validation: Number.isNaN(measured) ? undefined : measured,
      });
    }
    this.#points = this.#curve.points;
    return this.#points;
  }
}
