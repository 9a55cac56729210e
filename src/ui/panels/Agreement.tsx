import { agreementOf } from '../agreement.ts';
import type { PageSnapshot } from '../host.ts';
import { Panel } from './Panel.tsx';

const marks = { agree: '✓', differ: '✕', unknown: '·' } as const;

/** Whether all replicas hold the same words: the promise of the whole system, in one line. */
export function Agreement({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const { kind, title, detail, repaired, digest } = agreementOf(snapshot);
  return (
    <Panel title="Replica" area="agreement">
      <div className={`agreement is-${kind}`} data-testid="agreement" data-agreement={kind}>
        <span className="agreement-mark" aria-hidden="true">
          {marks[kind]}
        </span>
        <div>
          <p className="agreement-title">{title}</p>
          {detail !== '' && <p className="note">{detail}</p>}
        </div>
      </div>
      {repaired !== '' && (
        <p className="repaired" data-testid="repaired">
          <span aria-hidden="true">✓</span> {repaired}
        </p>
      )}
      {digest !== undefined && (
        <p className="digest">
          <span className="note">State digest</span>
          <code data-testid="digest" data-digest={digest}>
            {digest.match(/.{1,8}/g)?.join(' ')}
          </code>
        </p>
      )}
    </Panel>
  );
}
