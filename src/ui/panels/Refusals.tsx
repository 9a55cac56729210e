import { grouped } from '../format.ts';
import { reasonText, refusalGroups, type Refusal } from '../refusals.ts';
import { text } from '../text.ts';

const words = text.refusals;

/** How much was refused and why. Closed until someone asks: refusing is the page at work, not at fault. */
export function Refusals({ refusals }: { readonly refusals: readonly Refusal[] }) {
  const count = refusals.reduce((sum, refusal) => sum + refusal.count, 0);
  return (
    <details className="refusals" data-testid="rejections" data-count={count}>
      <summary>{count === 0 ? words.none : words.some(text.counts.messages(count))}</summary>
      {refusals.length === 0 ? (
        <p className="note">{words.explained}</p>
      ) : (
        <table>
          <caption className="note">{words.caption}</caption>
          <thead>
            <tr>
              <th scope="col">{words.why}</th>
              <th scope="col" className="number">
                {words.times}
              </th>
            </tr>
          </thead>
          {refusalGroups(refusals).map((group) => (
            <tbody key={group.family}>
              <tr className="refusal-family">
                <th scope="rowgroup">
                  {words.families[group.family]}
                  <span className="refusal-bar" aria-hidden="true">
                    <span style={{ transform: `scaleX(${group.share})` }} />
                  </span>
                </th>
                <td className="number">{grouped(group.count)}</td>
              </tr>
              {group.refusals.map(({ reason, from, count: times }) => (
                <tr key={`${from} ${reason}`} data-reason={reason}>
                  <th scope="row">
                    {reasonText(reason)}
                    {from === 'document' && <span className="note"> {words.inDocument}</span>}
                  </th>
                  <td className="number">{grouped(times)}</td>
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      )}
    </details>
  );
}
