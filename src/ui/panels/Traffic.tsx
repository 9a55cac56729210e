import type { RunView } from '../../volunteer/run-view.ts';
import type { VolunteerStatus } from '../../volunteer/status.ts';
import { rejectionCount } from '../derive.ts';
import { formatBytes, formatRatio, plural } from '../format.ts';
import { Fact, Panel } from './Panel.tsx';

/** What crosses the network, and what was refused. */
export function Traffic(props: { readonly volunteer: VolunteerStatus; readonly view: RunView }) {
  const { volunteer, view } = props;
  const refused = rejectionCount(volunteer.rejections, view.rejections);
  const reasons = [...Object.entries(volunteer.rejections), ...Object.entries(view.rejections)];
  return (
    <Panel title="Traffic" area="traffic" aside="measured by WebRTC">
      <dl className="facts">
        <Fact name="Sent" testId="bytes-up">
          {formatBytes(volunteer.bytesUp)}
        </Fact>
        <Fact name="Received" testId="bytes-down">
          {formatBytes(volunteer.bytesDown)}
        </Fact>
        <Fact
          name="Contribution"
          note={
            volunteer.compression === undefined
              ? 'none sent yet'
              : `${formatRatio(volunteer.compression)} smaller than the gradient in fp32`
          }
        >
          {formatBytes(volunteer.payloadBytesPerRound)}
        </Fact>
        <Fact name="Signed message" note="a round, everything included">
          {formatBytes(volunteer.messageBytesPerRound)}
        </Fact>
      </dl>
      <details className="refusals" data-testid="rejections" data-count={refused}>
        <summary>{refused === 0 ? 'Nothing was refused' : `${plural(refused, 'message')} refused`}</summary>
        {reasons.length === 0 ? (
          <p className="note">
            What other tabs send is checked; whatever fails a check is counted here by its reason.
          </p>
        ) : (
          <ul>
            {reasons.map(([reason, count], index) => (
              <li key={`${index} ${reason}`}>
                {reason} <span className="number">{count}</span>
              </li>
            ))}
          </ul>
        )}
      </details>
    </Panel>
  );
}
