import { formatClock } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { Panel } from './Panel.tsx';

const shown = 30;
const grave: ReadonlySet<string> = new Set(['replicas-differ', 'rejected', 'absent']);

/** What happened, newest first. */
export function Events({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const events = snapshot.volunteer?.events ?? [];
  if (snapshot.volunteer === undefined) return null;
  return (
    <Panel title="Events" area="events">
      {events.length === 0 ? (
        <p className="empty">Nothing to report.</p>
      ) : (
        <div className="scroll events-scroll" tabIndex={0} role="region" aria-label="Events, newest first">
          <ol className="events" data-testid="events">
            {events
              .slice(-shown)
              .reverse()
              .map((event, index) => (
                <li key={`${event.atMs} ${index}`} className={grave.has(event.kind) ? 'is-grave' : undefined}>
                  <span className="note number">{formatClock(event.atMs)}</span>
                  <span>{event.text}</span>
                </li>
              ))}
          </ol>
        </div>
      )}
    </Panel>
  );
}
