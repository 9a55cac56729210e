import { curveOf, lastValidation, peerRows, presentVolunteer, recordsOf, roundOf } from '../derive.ts';
import { formatBytes, formatLoss, formatRatio, formatSpeed, grouped } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { Fact } from './Panel.tsx';

/** The numbers one looks for first. */
export function Vitals({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const mine = presentVolunteer(snapshot);
  const round = roundOf(snapshot);
  const curve = curveOf(snapshot);
  const members = mine?.members ?? peerRows(snapshot).filter((row) => row.member).length;
  const last = recordsOf(snapshot).at(-1);
  return (
    <dl className="vitals">
      <Fact
        name="Round"
        testId="round"
        note={mine?.endRound === undefined ? undefined : `of ${grouped(mine.endRound)}`}
      >
        {round === undefined ? '–' : grouped(round)}
      </Fact>
      <Fact name="Validation loss" testId="validation-loss" note="nats a byte">
        {formatLoss(mine?.validationLoss ?? lastValidation(curve))}
      </Fact>
      <Fact name="Training loss" testId="train-loss" note="newest round">
        {formatLoss(mine?.trainLoss ?? curve.at(-1)?.train)}
      </Fact>
      <Fact
        name="Volunteers"
        testId="members"
        note={last === undefined ? undefined : `${last.contributions} counted last round`}
      >
        {members}
      </Fact>
      {mine !== undefined && (
        <>
          <Fact name="Your speed" testId="speed" note="while computing">
            {formatSpeed(mine.tokensPerSecond)}
          </Fact>
          <Fact
            name="Compression"
            testId="compression"
            note={
              mine.payloadBytesPerRound === undefined
                ? undefined
                : `${formatBytes(mine.payloadBytesPerRound)} a round`
            }
          >
            {formatRatio(mine.compression)}
          </Fact>
        </>
      )}
    </dl>
  );
}
