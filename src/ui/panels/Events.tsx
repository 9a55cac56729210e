import { useEffect, useRef, useState } from 'react';
import { eventRows, spokenEvent } from '../events.ts';
import { formatClock } from '../format.ts';
import type { PageSnapshot } from '../host.ts';
import { Panel } from './Panel.tsx';

const shown = 30;
/** Pause between two events that are spoken, ms: what happened in between is in the list. */
const speakEveryMs = 5_000;

/** What happened, newest first. */
export function Events({ snapshot }: { readonly snapshot: PageSnapshot }) {
  const events = snapshot.volunteer?.events ?? [];
  const spoken = useUnhurried(spokenEvent(events), speakEveryMs);
  if (snapshot.volunteer === undefined) return null;
  return (
    <Panel title="Events" area="events">
      <p className="visually-hidden" role="status" aria-live="polite" data-testid="spoken-event">
        {spoken}
      </p>
      {events.length === 0 ? (
        <p className="empty">Nothing to report.</p>
      ) : (
        <div className="scroll events-scroll" tabIndex={0} role="region" aria-label="Events, newest first">
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

/** `text`, at most one change every `everyMs`; the first after mounting is a change, for live regions start empty. */
function useUnhurried(text: string, everyMs: number): string {
  const [shownText, show] = useState('');
  const shownAt = useRef(-Infinity);
  useEffect(() => {
    if (text === shownText) return;
    const timer = setTimeout(
      () => {
        shownAt.current = performance.now();
        show(text);
      },
      Math.max(0, shownAt.current + everyMs - performance.now()),
    );
    return () => {
      clearTimeout(timer);
    };
  }, [text, shownText, everyMs]);
  return shownText;
}
