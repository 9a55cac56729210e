import { grouped, plural } from '../format.ts';
import { reasonText, type Refusal } from '../refusals.ts';

/** How much was refused and why. Closed until someone asks: refusing is the page at work, not at fault. */
export function Refusals({ refusals }: { readonly refusals: readonly Refusal[] }) {
  const count = refusals.reduce((sum, refusal) => sum + refusal.count, 0);
  return (
    <details className="refusals" data-testid="rejections" data-count={count}>
      <summary>{count === 0 ? 'Nothing was refused' : `${plural(count, 'message')} refused`}</summary>
      {refusals.length === 0 ? (
        <p className="note">
          What other tabs send is checked; whatever fails a check is counted here by its reason.
        </p>
      ) : (
        <table>
          <caption className="note">Checked, refused and without effect on the model.</caption>
          <thead>
            <tr>
              <th scope="col">Why</th>
              <th scope="col" className="number">
                Times
              </th>
            </tr>
          </thead>
          <tbody>
            {refusals.map(({ reason, from, count: times }) => (
              <tr key={`${from} ${reason}`} data-reason={reason}>
                <th scope="row">
                  {reasonText(reason)}
                  {from === 'document' && <span className="note"> in the shared document</span>}
                </th>
                <td className="number">{grouped(times)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}
