import type { ContributionTotals } from '../../volunteer/contribution-history.ts';
import { formatCount, grouped } from '../format.ts';
import { text } from '../text.ts';
import { Fact } from './Panel.tsx';

const words = text.contribution;

/** What this key gave to the run over all visits, in four figures. */
export function Contribution({ totals }: { readonly totals: ContributionTotals }) {
  const { trained, tokens, counted, final, lost, unknown, streak, longest } = totals;
  return (
    <>
      <dl className="contribution-totals">
        <Fact name={words.tokens} note={words.inRounds(text.counts.rounds(trained))} testId="tokens-trained">
          {formatCount(tokens)}
        </Fact>
        <Fact name={words.counted} note={words.ofThemFinal(grouped(final))} testId="receipts-counted">
          {grouped(counted)}
        </Fact>
        <Fact name={words.streak} note={words.longest(grouped(longest))} testId="streak">
          {grouped(streak)}
        </Fact>
        <Fact name={words.lost} note={words.ofTrained(grouped(trained))} testId="receipts-lost">
          {grouped(lost)}
        </Fact>
      </dl>
      {unknown > 0 && <p className="note">{words.unknown(text.counts.rounds(unknown))}</p>}
    </>
  );
}
