import { sampleOf } from '../derive.ts';
import type { PageSnapshot } from '../host.ts';
import { Panel } from './Panel.tsx';

/** What the model writes at present. */
export function Sample({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const sample = sampleOf(snapshot);
  return (
    <Panel
      title="What the model writes"
      area="sample"
      aside={sample === undefined ? undefined : `after round ${sample.round}`}
    >
      {sample === undefined ? (
        <p className="empty">Its first words come after a few rounds. They will be noise at first.</p>
      ) : (
        <blockquote
          className="sample"
          data-testid="sample"
          data-round={sample.round}
          tabIndex={0}
          aria-label="Sample text"
        >
          {sample.text}
        </blockquote>
      )}
    </Panel>
  );
}
