import type { phaseShares } from '../derive.ts';
import { formatDuration, formatPercent } from '../format.ts';
import { text } from '../text.ts';

const { names, meanings } = text.phases;

/** A bar of shares, and its legend, which says the same in words. */
export function PhaseBar({ shares }: { readonly shares: ReturnType<typeof phaseShares> }) {
  return (
    <>
      <div className="phase-bar" aria-hidden="true">
        {shares.map(({ name, share }) => (
          <span key={name} className={`phase phase-${name}`} style={{ flexGrow: share }} />
        ))}
      </div>
      <ul className="phase-legend" data-testid="phases">
        {shares.map(({ name, ms, share }) => (
          <li key={name}>
            <span className={`swatch phase-${name}`} aria-hidden="true" />
            <span>{names[name]}</span>
            <span className="number">{formatPercent(share)}</span>
            <span className="number note">{formatDuration(ms)}</span>
            <span className="note phase-meaning">{meanings[name]}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
