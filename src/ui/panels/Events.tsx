import { eventRows } from '../events.ts';
import { formatClock } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { Panel } from './Panel.tsx';
import { text } from '../text.ts';

const words = text.events;

const shown = 30;

/** What happened, newest first. */
export function Events({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const events = snapshot.volunteer?.events ?? [];
  if (snapshot.volunteer === undefined) return null;
  return (
    <Panel title={words.title} area="events">
      {events.length === 0 ? (
        <p className="empty">{words.none}</p>
      ) : (
        <div className="scroll events-scroll" tabIndex={0} role="region" aria-label={words.listName}>
          <ol className="events" data-testid="events">
            {eventRows(events, shown).map((row) => (
              <li key={row.key} className={`is-${row.tone}`}>
                <time className="note number">{formatClock(row.atMs)}</time>
                <span className="event-kind">
                  <span aria-hidden="true">{row.mark}</span> {row.word}
                </span>
                <span className="event-text">{row.text}</span>
              </li>
            ))}
          </ol>
        </div>
      )}
    </Panel>
  );
}
