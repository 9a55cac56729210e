import type { Receipt, VolunteerStatus } from '../../volunteer/status.ts';
import { contributionTotals } from '../contribution.ts';
import { grouped } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { lostCauses, receiptLine } from '../receipts.ts';
import { text } from '../text.ts';
import { Contribution } from './Contribution.tsx';
import { NameForm } from './NameForm.tsx';
import { Panel } from './Panel.tsx';

const words = text.contribution;
const shown = 8;

/** Who this tab is, what it gave over all its visits, and what the ledger made of its newest rounds. */
export function Receipts(props: {
  readonly volunteer: VolunteerStatus;
  readonly contribution: PageSnapshot['contribution'];
  readonly setName: (name: string | undefined) => void;
}) {
  const { volunteer, contribution, setName } = props;
  const { receipts, roundsTrained, lostContributions } = volunteer;
  const newest = receipts.slice(-shown).reverse();
  const causes = lostCauses(receipts);
  return (
    <Panel title={words.title} area="receipts">
      <NameForm id={volunteer.self} name={contribution?.name} setName={setName} />
      <div data-testid="rounds-trained" data-rounds={roundsTrained}>
        <Contribution totals={contributionTotals(volunteer, contribution)} />
      </div>
      {newest.length === 0 ? (
        <p className="empty">{words.none}</p>
      ) : (
        <ol className="receipts" data-testid="receipts" aria-label={words.receipts}>
          {newest.map((receipt) => (
            <ReceiptRow key={receipt.round} receipt={receipt} />
          ))}
        </ol>
      )}
      {lostContributions > 0 && (
        <div className="note lost-explained" data-testid="lost-explained">
          {causes.map((cause) => (
            <p key={cause}>{words.causes[cause]}</p>
          ))}
          <p>{words.givenBack}</p>
        </div>
      )}
    </Panel>
  );
}

function ReceiptRow({ receipt }: { readonly receipt: Receipt }) {
  const { mark, word, text: outcome } = receiptLine(receipt);
  return (
    <li className={`is-${receipt.standing}`} data-round={receipt.round} data-standing={receipt.standing}>
      <span className="receipt-mark" aria-hidden="true">
        {mark}
      </span>
      <span>{words.receipt.round(grouped(receipt.round))}</span>
      <span>
        <span className="receipt-word">{word}:</span> {outcome}
      </span>
    </li>
  );
}
