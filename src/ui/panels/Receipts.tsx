import type { Receipt, VolunteerStatus } from '../../volunteer/status.ts';
import { grouped, plural } from '../format.ts';
import { Panel } from './Panel.tsx';

const shown = 8;

/** What this tab gave, round by round, and what the records made of it. */
export function Receipts({ volunteer }: { readonly volunteer: VolunteerStatus }) {
  const { receipts, roundsTrained } = volunteer;
  const counted = receipts.filter((receipt) => receipt.counted).length;
  const newest = receipts.slice(-shown).reverse();
  return (
    <Panel
      title="My contributions"
      area="receipts"
      aside={receipts.length === 0 ? undefined : `${counted} of the last ${receipts.length} counted`}
    >
      <p className="big" data-testid="rounds-trained">
        {plural(roundsTrained, 'round')}
      </p>
      {newest.length === 0 ? (
        <p className="empty">Each round you train gets a receipt here.</p>
      ) : (
        <ol className="receipts" data-testid="receipts">
          {newest.map((receipt) => (
            <li key={receipt.round} className={receipt.counted ? 'is-counted' : 'is-missed'}>
              <span aria-hidden="true">{receipt.counted ? '✓' : '–'}</span>
              <span>{receiptText(receipt)}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

const receiptText = ({ round, counted, tokens }: Receipt): string =>
  `Round ${grouped(round)}: yours ${counted ? 'counted' : 'did not count'}, ${plural(tokens, 'token')}`;
