import type { VolunteerStatus } from '../../volunteer/status.ts';
import { formatBytes, formatRatio } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { refusalsOf } from '../refusals.ts';
import { Fact, Panel } from './Panel.tsx';
import { Refusals } from './Refusals.tsx';
import { text } from '../text.ts';

const words = text.traffic;

/** What crosses the network, and what was refused. */
export function Traffic(props: { readonly volunteer: VolunteerStatus; readonly snapshot: PageSnapshot }) {
  const { volunteer, snapshot } = props;
  return (
    <Panel title={words.title} area="traffic" aside={words.measured}>
      <dl className="facts">
        <Fact name={words.sent} testId="bytes-up">
          {formatBytes(volunteer.bytesUp)}
        </Fact>
        <Fact name={words.received} testId="bytes-down">
          {formatBytes(volunteer.bytesDown)}
        </Fact>
        <Fact
          name={words.contribution}
          note={
            volunteer.compression === undefined
              ? words.noneYet
              : words.smaller(formatRatio(volunteer.compression))
          }
        >
          {formatBytes(volunteer.payloadBytesPerRound)}
        </Fact>
        <Fact name={words.message} note={words.messageWhat}>
          {formatBytes(volunteer.messageBytesPerRound)}
        </Fact>
      </dl>
      <Refusals refusals={refusalsOf(snapshot)} />
    </Panel>
  );
}
