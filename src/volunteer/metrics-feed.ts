import { metricsWidth, numbersOf, type MetricsHistory, type MetricsRow } from './metrics.ts';

/** What a history has to do to be as the one that is measured: drop rows of rounds after `keepTo`, then add these. */
export interface MetricsDelta {
  readonly keepTo: number;
  /** Whole rows, one after the other, in the order of `metricNames`. */
  readonly rows: Float64Array<ArrayBuffer>;
}

/** Where nobody takes them, as in a process without a page, no more rows than this wait. */
const mostWaiting = 4_096;

/**
 * Metrics on their way to whoever keeps their history: what was measured is handed over once, so that what a worker sends its
 * page with every change does not grow with the run.
 */
export class MetricsFeed {
  #rows: MetricsRow[] = [];
  #keepTo = Infinity;
  #last = -Infinity;

  /** Rounds only grow, except after a cut; others are ignored. */
  add(row: MetricsRow): void {
    if (!(row.round > this.#last)) return;
    this.#last = row.round;
    this.#rows.push(row);
    if (this.#rows.length >= mostWaiting) this.#rows = this.#rows.slice(-mostWaiting / 2);
  }

  /** Rounds after `round` were taken back. */
  cutBack(round: number): void {
    if (this.#last <= round) return;
    this.#last = round;
    this.#keepTo = Math.min(this.#keepTo, round);
    this.#rows = this.#rows.filter((row) => row.round <= round);
  }

  /** What is new since the last time; undefined where nothing is. */
  take(): MetricsDelta | undefined {
    if (this.#rows.length === 0 && this.#keepTo === Infinity) return undefined;
    const rows = new Float64Array(this.#rows.length * metricsWidth);
    this.#rows.forEach((row, index) => {
      rows.set(numbersOf(row), index * metricsWidth);
    });
    const delta = { keepTo: this.#keepTo, rows };
    this.#rows = [];
    this.#keepTo = Infinity;
    return delta;
  }
}

/** Does to a history what a feed said. */
export function applyDelta(history: MetricsHistory, { keepTo, rows }: MetricsDelta): void {
  history.cutBack(keepTo);
  for (let at = 0; at < rows.length; at += metricsWidth)
    history.addNumbers(rows.subarray(at, at + metricsWidth));
}
