import { recordsOf } from '../derive.ts';
import { formatLoss, grouped, shortId } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { IdDot, Panel } from './Panel.tsx';

const shown = 8;

/** The newest records as the shared document announces them: what is final only members know. */
export function AnnouncedRecords({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const newest = recordsOf(snapshot).slice(-shown).reverse();
  return (
    <Panel title="Ledger" area="ledger" aside="newest records">
      {newest.length === 0 ? (
        <p className="empty">The first record comes with the first round.</p>
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label="Newest records">
          <table data-testid="ledger">
            <thead>
              <tr>
                <th scope="col">Round</th>
                <th scope="col">Led by</th>
                <th scope="col" className="number">
                  Counted
                </th>
                <th scope="col" className="number">
                  Tokens
                </th>
                <th scope="col" className="number">
                  Loss
                </th>
                <th scope="col">State</th>
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
