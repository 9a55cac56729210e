import type { VolunteerStatus } from '../../volunteer/status.ts';
import { PhaseBar } from '../charts/PhaseBar.tsx';
import { computeShare, phaseShares } from '../derive.ts';
import { formatDuration, formatPercent } from '../format.ts';
import { Panel } from './Panel.tsx';

/** Where this tab's time goes. */
export function TimePanel({ volunteer }: { readonly volunteer: VolunteerStatus }) {
  const shares = phaseShares(volunteer.phaseMs);
  const total = shares.reduce((sum, { ms }) => sum + ms, 0);
  return (
    <Panel title="Where time goes" area="time" aside={total > 0 ? formatDuration(total) : undefined}>
      <p className="big">
        {total > 0 ? formatPercent(computeShare(volunteer.phaseMs)) : '–'}{' '}
        <span className="note">of your rounds is GPU work</span>
      </p>
      <PhaseBar shares={shares} />
      {volunteer.longestRoundMs > 0 && (
        <p className="note">The longest round took {formatDuration(volunteer.longestRoundMs)}.</p>
      )}
    </Panel>
  );
}
