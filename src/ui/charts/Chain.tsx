import { useState } from 'react';
import type { LedgerLine } from '../../volunteer/status.ts';
import { chainSummary } from '../finality.ts';
import { wing } from '../panels/Murmuration.tsx';

/** Birds drawn in one block; more contributions are written as a number. */
const mostBirds = 9;

/** The newest records as a chain, newest on the right; the oldest that do not fit stay out of sight: a bird for each contribution, and a block fills in on its way to final. */
export function Chain({ lines }: { readonly lines: readonly LedgerLine[] }) {
  const newest = lines.at(-1)?.round;
  const [seen, setSeen] = useState({ newest, isNext: false });
  // Where several came since the picture before, none is the new one, and nothing moves: each picture of a movement takes time from training.
  if (seen.newest !== newest) setSeen({ newest, isNext: newest === (seen.newest ?? NaN) + 1 });
  return (
    <div
      className={`chain${seen.isNext ? ' is-moving' : ''}`}
      role="img"
      aria-label={chainSummary(lines)}
      data-testid="chain"
    >
      {lines.toReversed().map((line) => (
        <Block key={`${line.round} ${line.digest}`} line={line} />
      ))}
    </div>
  );
}

const filled = { provisional: 0, certified: 0.5, final: 1 } as const;

function Block({ line }: { readonly line: LedgerLine }) {
  const { round, contributions, standing } = line;
  return (
    <span className={`block is-${standing}`}>
      <span className="block-box">
        <span className="block-fill" style={{ transform: `scaleY(${filled[standing]})` }} />
        {contributions > mostBirds ? (
          <span className="block-count">{contributions}</span>
        ) : (
          <Birds count={contributions} />
        )}
      </span>
      <span className="block-round">{round}</span>
    </span>
  );
}

function Birds({ count }: { readonly count: number }) {
  const columns = count <= 4 ? Math.min(2, count) : 3;
  const rows = Math.ceil(count / columns);
  return (
    <svg viewBox="-18 -18 36 36" className="block-birds">
      {Array.from({ length: count }, (_, i) => {
        // Rows fill from the back, so that a row that is not full flies in front.
        const row = rows - 1 - Math.floor(i / columns);
        const inRow = row === 0 ? count - (rows - 1) * columns : columns;
        const x = 11 * ((i % columns) - (inRow - 1) / 2);
        const y = 10 * (row - (rows - 1) / 2);
        return <path key={i} d={wing} transform={`translate(${x} ${y}) scale(2.2)`} />;
      })}
    </svg>
  );
}
