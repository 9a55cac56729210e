import type { VolunteerStatus } from '../../volunteer/status.ts';
import { PhaseBar } from '../charts/PhaseBar.tsx';
import { computeShare, phaseShares } from '../derive.ts';
import { formatDuration, formatPercent } from '../format.ts';
import { Panel } from './Panel.tsx';
import { text } from '../text.ts';

const words = text.time;

/** Where this tab's time goes. */
export function TimePanel({ volunteer }: { readonly volunteer: VolunteerStatus }) {
  const shares = phaseShares(volunteer.phaseMs);
  const total = shares.reduce((sum, { ms }) => sum + ms, 0);
  return (
    <Panel title={words.title} area="time" aside={total > 0 ? formatDuration(total) : undefined}>
      <p className="big">
        {total > 0 ? formatPercent(computeShare(volunteer.phaseMs)) : '–'}{' '}
        <span className="note">{words.gpuWork}</span>
      </p>
      <PhaseBar shares={shares} />
      {volunteer.longestRoundMs > 0 && (
        <p className="note">{words.longest(formatDuration(volunteer.longestRoundMs))}</p>
      )}
    </Panel>
  );
}
