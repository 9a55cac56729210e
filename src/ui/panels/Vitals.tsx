import { curveOf, lastValidation, peerRows, presentVolunteer, recordsOf, roundOf } from '../derive.ts';
import { formatBytes, formatLoss, formatRatio, formatSpeed, grouped } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { Fact } from './Panel.tsx';
import { text } from '../text.ts';

const words = text.vitals;

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
        name={words.round}
        testId="round"
        note={mine?.endRound === undefined ? undefined : words.ofRounds(mine.endRound)}
      >
        {round === undefined ? '–' : grouped(round)}
      </Fact>
      <Fact name={words.validation} testId="validation-loss" note={words.perByte}>
        {formatLoss(mine?.validationLoss ?? lastValidation(curve))}
      </Fact>
      <Fact name={words.training} testId="train-loss" note={words.newest}>
        {formatLoss(mine?.trainLoss ?? curve.at(-1)?.train)}
      </Fact>
      <Fact
        name={words.volunteers}
        testId="members"
        note={last === undefined ? undefined : words.counted(last.contributions)}
      >
        {members}
      </Fact>
      {mine !== undefined && (
        <>
          <Fact name={words.speed} testId="speed" note={words.computing}>
            {formatSpeed(mine.tokensPerSecond)}
          </Fact>
          <Fact
            name={words.compression}
            testId="compression"
            note={
              mine.payloadBytesPerRound === undefined
                ? undefined
                : words.aRound(formatBytes(mine.payloadBytesPerRound))
            }
          >
            {formatRatio(mine.compression)}
          </Fact>
        </>
      )}
    </dl>
  );
}
