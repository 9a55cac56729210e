import { recordsOf } from '../derive.ts';
import { formatLoss, grouped, shortId } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { IdDot, Panel } from './Panel.tsx';
import { text } from '../text.ts';

const words = text.ledger;
const { columns } = words;

const shown = 8;

/** The newest records as the shared document announces them: what is final only members know. */
export function AnnouncedRecords({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const newest = recordsOf(snapshot).slice(-shown).reverse();
  return (
    <Panel title={words.title} area="ledger" aside={words.newest}>
      {newest.length === 0 ? (
        <p className="empty">{words.none}</p>
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label={words.tableName}>
          <table data-testid="ledger">
            <thead>
              <tr>
                <th scope="col">{columns.round}</th>
                <th scope="col">{columns.leader}</th>
                <th scope="col" className="number">
                  {columns.counted}
                </th>
                <th scope="col" className="number">
                  {columns.tokens}
                </th>
                <th scope="col" className="number">
                  {columns.loss}
                </th>
                <th scope="col">{columns.state}</th>
              </tr>
            </thead>
            <tbody>
              {newest.map((record) => (
                <tr key={record.round}>
                  <th scope="row">{grouped(record.round)}</th>
                  <td>
                    <IdDot id={record.leader} /> <code>{shortId(record.leader)}</code>
                  </td>
                  <td className="number">{record.contributions}</td>
                  <td className="number">{grouped(record.tokens)}</td>
                  <td className="number">{formatLoss(record.train)}</td>
                  <td>
                    <code>{shortId(record.state, 8)}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
