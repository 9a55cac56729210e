import type { LedgerLine } from '../../volunteer/status.ts';
import { Chain } from '../charts/Chain.tsx';
import { presentVolunteer } from '../derive.ts';
import { finalityOf, standingMarks, standingText, type Finality } from '../finality.ts';
import { shortId } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { AnnouncedRecords } from './AnnouncedRecords.tsx';
import { IdDot, Panel } from './Panel.tsx';
import { text } from '../text.ts';

const words = text.ledger;

const listed = 8;
const pictured = 24;

/** The tail of the ledger: what each round came to, and how far it can no longer change. */
export function Ledger({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const volunteer = presentVolunteer(snapshot);
  if (volunteer === undefined || volunteer.ledger.length === 0)
    return <AnnouncedRecords snapshot={snapshot} />;
  const newest = volunteer.ledger.slice(-listed).reverse();
  return (
    <Panel title={words.title} area="ledger" aside={words.newest}>
      <FinalityLine finality={finalityOf(volunteer)} />
      <Chain lines={volunteer.ledger.slice(-pictured)} />
      <ol className="records" data-testid="ledger" aria-label={words.listName}>
        {newest.map((line) => (
          <RecordRow key={`${line.round} ${line.digest}`} line={line} />
        ))}
      </ol>
    </Panel>
  );
}

function FinalityLine({ finality }: { readonly finality: Finality }) {
  const { kind, title, detail, epoch } = finality;
  return (
    <div className={`finality is-${kind}`} data-testid="finality" data-finality={kind}>
      <p className="finality-title">{title}</p>
      {detail !== '' && <p className="note">{detail}</p>}
      {epoch !== '' && (
        <p className="note" data-testid="epoch">
          {epoch}
        </p>
      )}
    </div>
  );
}

function RecordRow({ line }: { readonly line: LedgerLine }) {
  const { round, digest, leader, members, contributions, joins, leaves, standing } = line;
  return (
    <li className={`is-${standing}`} data-round={round} data-standing={standing}>
      <span className="record-name">
        <strong>{words.round(round)}</strong> <code>{shortId(digest, 8)}</code>
      </span>
      <span className="record-leader">
        {words.ledBy} <IdDot id={leader} /> <code>{shortId(leader)}</code>
      </span>
      <span className="record-counts">
        {words.counts(contributions, members)}
        {joins > 0 && <span className="record-change is-joined"> {words.joined(joins)}</span>}
        {leaves > 0 && <span className="record-change is-left"> {words.left(leaves)}</span>}
      </span>
      <span className="record-standing">
        <span aria-hidden="true">{standingMarks[standing]}</span> {standingText(line)}
      </span>
    </li>
  );
}
