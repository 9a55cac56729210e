import type { Receipt, VolunteerStatus } from '../../volunteer/status.ts';
import { formatCount, grouped, plural } from '../format.ts';
import { lostExplained, receiptLine, receiptTotals } from '../receipts.ts';
import { Fact, Panel } from './Panel.tsx';

const shown = 8;

/** What this tab gave, round by round, and what the ledger made of it. */
export function Receipts({ volunteer }: { readonly volunteer: VolunteerStatus }) {
  const { receipts, roundsTrained } = volunteer;
  const totals = receiptTotals(volunteer);
  const newest = receipts.slice(-shown).reverse();
  return (
    <Panel title="My contributions" area="receipts" aside={`${plural(roundsTrained, 'round')} trained`}>
      <dl className="receipt-totals" data-testid="rounds-trained" data-rounds={roundsTrained}>
        <Fact
          name="Counted"
          note={totals.kept === 0 ? undefined : `of the last ${grouped(totals.kept)}`}
          testId="receipts-counted"
        >
          {grouped(totals.counted)}
        </Fact>
        <Fact
          name="Final"
          note={totals.kept === 0 ? undefined : `${formatCount(totals.finalTokens)} tokens`}
          testId="receipts-final"
        >
          {grouped(totals.final)}
        </Fact>
        <Fact name="Lost" note="in all" testId="receipts-lost">
          {grouped(totals.lost)}
        </Fact>
      </dl>
      {newest.length === 0 ? (
        <p className="empty">Each round you train gets a receipt here.</p>
      ) : (
        <ol className="receipts" data-testid="receipts">
          {newest.map((receipt) => (
            <ReceiptRow key={receipt.round} receipt={receipt} />
          ))}
        </ol>
      )}
      {totals.lost > 0 && (
        <p className="note" data-testid="lost-explained">
          {lostExplained}
        </p>
      )}
    </Panel>
  );
}

function ReceiptRow({ receipt }: { readonly receipt: Receipt }) {
  const { mark, word, text } = receiptLine(receipt);
  return (
    <li className={`is-${receipt.standing}`} data-round={receipt.round} data-standing={receipt.standing}>
      <span className="receipt-mark" aria-hidden="true">
        {mark}
      </span>
      <span>Round {grouped(receipt.round)}</span>
      <span>
        <span className="receipt-word">{word}:</span> {text}
      </span>
    </li>
  );
}
