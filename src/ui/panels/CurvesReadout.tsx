import { formatRound, type CurveChart } from '../curves/catalogue.ts';
import { lowerBound } from '../curves/decimate.ts';
import type { Line } from '../curves/drawing.ts';
import { readingsAt, readoutText, type Reading } from '../curves/readout.ts';
import type { CurveTable } from '../curves/table.ts';
import type { Span } from '../curves/zoom.ts';
import { text } from '../text.ts';

const words = text.curves;

/** The names of the lines, and what they show at the round that is read: the newest, if none is pointed at. */
export function CurvesReadout(props: {
  readonly chart: CurveChart;
  readonly round: number | undefined;
  readonly readings: readonly Reading[];
}) {
  const { chart, round, readings } = props;
  return (
    <dl className="curve-readout" data-testid="curve-readout">
      <div>
        <dt>{words.tableRound}</dt>
        <dd>{round === undefined ? '–' : formatRound(round)}</dd>
      </div>
      {readings.map(({ series, value, smoothed, since }) => (
        <div key={series.key}>
          <dt>
            <span
              className="curve-mark"
              aria-hidden="true"
              style={{ '--mark': `var(${series.colour})` } as object}
            />
            {series.label}
          </dt>
          <dd>
            {chart.format(value)}
            {since !== undefined && <span className="note"> {words.since(formatRound(since))}</span>}
            {smoothed !== undefined && (
              <span className="note"> {words.smoothed(chart.format(smoothed))}</span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Reads the curve round by round: by keyboard, by finger, and aloud. */
export function CurvesScrubber(props: {
  readonly chart: CurveChart;
  readonly table: CurveTable;
  readonly lines: readonly Line[];
  /** The point that is read. */
  readonly index: number;
  readonly span: Span;
  readonly point: (round: number | undefined) => void;
}) {
  const { chart, table, lines, index, span, point } = props;
  const first = lowerBound(table.rounds, span.min);
  const last = Math.max(first, lowerBound(table.rounds, span.max + 1e-9) - 1);
  const round = table.rounds[index] ?? 0;
  return (
    <input
      className="curve-scrubber"
      type="range"
      aria-label={words.scrub}
      aria-valuetext={readoutText(chart, round, readingsAt(lines, table, index))}
      min={first}
      max={last}
      step={1}
      value={Math.min(last, Math.max(first, index))}
      onChange={({ target }) => {
        point(table.rounds[Number(target.value)]);
      }}
      // What is read stays the same while it is read, however many rounds come.
      onFocus={() => {
        point(round);
      }}
      onBlur={() => {
        point(undefined);
      }}
    />
  );
}
