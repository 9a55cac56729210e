import { useId } from 'react';
import { estimateLines } from '../estimate.ts';
import type { PageSnapshot } from '../host.ts';
import { estimable, type StartForm } from '../start-run.ts';
import { text } from '../text.ts';

const words = text.start;

/** What the run in the form costs this GPU and this connection. What makes no sense in the form is taken as it usually is. */
export function StartRunEstimate(props: {
  readonly snapshot: PageSnapshot;
  readonly form: StartForm;
  /** Of the starter's own text, and of the weights it starts from; 0: none. */
  readonly fetched: { readonly text: number; readonly start: number };
  readonly isMeasuring: boolean;
}) {
  const { snapshot, form, fetched, isMeasuring } = props;
  const heading = useId();
  const { volunteers, ...run } = estimable(form);
  const lines = estimateLines({ snapshot, ...run, others: volunteers - 1, fetched });
  return (
    <section className="start-estimate" aria-labelledby={heading} data-testid="start-estimate">
      <h2 id={heading}>{words.estimateTitle}</h2>
      <dl>
        {lines.map(({ name, value, note }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {value}
              <span className="note">{note}</span>
            </dd>
          </div>
        ))}
      </dl>
      {isMeasuring && <p className="note">{words.measuring}</p>}
    </section>
  );
}
