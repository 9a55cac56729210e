import type { VolunteerStatus } from '../../volunteer/status.ts';
import { formatBytes, formatRatio } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { refusalsOf } from '../refusals.ts';
import { Fact, Panel } from './Panel.tsx';
import { Refusals } from './Refusals.tsx';

/** What crosses the network, and what was refused. */
export function Traffic(props: { readonly volunteer: VolunteerStatus; readonly snapshot: PageSnapshot }) {
  const { volunteer, snapshot } = props;
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
      <Refusals refusals={refusalsOf(snapshot)} />
    </Panel>
  );
}
