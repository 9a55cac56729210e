import type { NameOf } from '../contribution-names.ts';
import { grouped } from '../format.ts';
import { Who } from '../panels/ContributionWho.tsx';
import { IdDot } from '../panels/Panel.tsx';
import type { RoundPhase, RoundSpan } from '../swarm/round-phases.ts';
import { text } from '../text.ts';

/** Height of a volunteer's row in the picture's own units, and of each phase's bar in it: work is thick, waiting is thin. */
const rowHeight = 24;
const thickness: Readonly<Record<RoundPhase, number>> = { compute: 16, share: 4, agree: 4, apply: 16 };
/** Width of the picture in its own units: it is stretched to its place. */
const width = 1_000;
/** Digits of round numbers that a telephone has room for. */
const narrowDigits = 34;

/** Bars of phases over one axis of time, a row a volunteer. `label` is what a screen reader is told of it. */
export function RoundBars(props: {
  readonly spans: readonly RoundSpan[];
  readonly ids: readonly string[];
  readonly self: string;
  readonly nameOf: NameOf;
  readonly label: string;
}) {
  const { spans, ids, self, nameOf, label } = props;
  const fromMs = spans[0]?.fromMs ?? 0;
  const ends = spans.flatMap(({ toMs, rows }) => [
    toMs,
    ...rows.map((row) => row.segments.at(-1)?.toMs ?? toMs),
  ]);
  const length = Math.max(1, Math.max(...ends) - fromMs);
  const x = (ms: number): number => (width * (ms - fromMs)) / length;
  const height = rowHeight * ids.length;
  const rowOf = new Map(ids.map((id, index) => [id, index]));
  // On a telephone not every number has room; the newest is told.
  const step = Math.ceil((spans.length * (grouped(spans.at(-1)?.round ?? 0).length + 2)) / narrowDigits);
  const isSpare = (index: number): boolean => (spans.length - 1 - index) % step !== 0;
  return (
    <div
      className="round-bars"
      role="img"
      aria-label={label}
      data-testid="round-bars"
      data-rounds={spans.length}
    >
      <div className="round-names">
        {ids.map((id) => (
          <span key={id} className="round-name">
            {id === self ? (
              <>
                <IdDot id={id} /> {text.rounds.you}
              </>
            ) : (
              <Who id={id} name={nameOf(id)} />
            )}
          </span>
        ))}
      </div>
      <div className="round-plot">
        <div className="round-numbers">
          {spans.map(({ round, fromMs: from, toMs, open }, index) => (
            <span
              key={round}
              className={isSpare(index) ? 'is-spare' : undefined}
              style={{ left: `${x(from) / 10}%`, width: `${(x(toMs) - x(from)) / 10}%` }}
            >
              {open ? text.rounds.now : grouped(round)}
            </span>
          ))}
        </div>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          style={{ height }}
          aria-hidden="true"
        >
          {spans.map(({ round, toMs, open }) =>
            open ? null : (
              <line key={round} className="round-end" x1={x(toMs)} x2={x(toMs)} y1={0} y2={height} />
            ),
          )}
          {spans.flatMap(({ round, rows }) =>
            rows.flatMap(({ id, segments, fate }) => {
              const row = rowOf.get(id);
              if (row === undefined) return [];
              return segments.map(({ phase, fromMs: from, toMs }) => (
                <rect
                  key={`${round} ${id} ${phase}`}
                  className={`round-bar is-${phase}${fate === 'late' ? ' is-late' : ''}`}
                  x={x(from)}
                  width={Math.max(1.5, x(toMs) - x(from))}
                  y={rowHeight * row + (rowHeight - thickness[phase]) / 2}
                  height={thickness[phase]}
                />
              ));
            }),
          )}
        </svg>
      </div>
    </div>
  );
}
