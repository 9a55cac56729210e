import type { EventLine } from '../volunteer/status.ts';
import { plural } from './format.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

interface Kind {
  readonly mark: string;
  readonly word: string;
  readonly tone: Tone;
}

const kinds: ReadonlyMap<string, Kind> = new Map(
  Object.entries({
    repaired: { mark: '✓', word: 'repaired', tone: 'good' },
    leader: { mark: '★', word: 'leader', tone: 'plain' },
    joined: { mark: '+', word: 'joined', tone: 'good' },
    left: { mark: '−', word: 'left', tone: 'plain' },
    absent: { mark: '−', word: 'absent', tone: 'warn' },
    'replicas-differ': { mark: '✕', word: 'differs', tone: 'bad' },
    rejected: { mark: '✕', word: 'refused', tone: 'warn' },
    snapshot: { mark: '↓', word: 'model', tone: 'plain' },
    epoch: { mark: '»', word: 'epoch', tone: 'warn' },
    'rolled-back': { mark: '↶', word: 'undone', tone: 'warn' },
    'gpu-lost': { mark: '↻', word: 'GPU lost', tone: 'warn' },
    'gpu-memory': { mark: '↻', word: 'memory', tone: 'warn' },
    'gpu-error': { mark: '✕', word: 'GPU error', tone: 'bad' },
    info: { mark: 'i', word: 'note', tone: 'plain' },
  } satisfies Record<string, Kind>),
);

/** Mark and word of a kind of event; a kind that this page does not know is shown by its own name. */
export const kindOf = (kind: string): Kind =>
  kinds.get(kind) ?? { mark: '·', word: kind.replaceAll('-', ' ').slice(0, 16), tone: 'plain' };

export interface EventRow extends Kind {
  readonly key: string;
  readonly atMs: number;
  readonly text: string;
}

/** What happened, newest first; refusals in a row become one line, so that a flood cannot push out the rest. */
export function eventRows(events: readonly EventLine[], limit: number): readonly EventRow[] {
  const rows: EventRow[] = [];
  for (let end = events.length - 1; end >= 0 && rows.length < limit;) {
    const event = events[end];
    if (event === undefined) break;
    let start = end;
    while (event.kind === 'rejected' && events[start - 1]?.kind === 'rejected') start--;
    const more = end - start;
    rows.push({
      ...kindOf(event.kind),
      key: `${event.atMs} ${event.kind} ${start}`,
      atMs: event.atMs,
      text: more === 0 ? event.text : `${event.text} And ${plural(more, 'more refusal')} before it.`,
    });
    end = start - 1;
  }
  return rows;
}

/** What a screen reader is told of events: the newest, and of refusals only that there are any. */
export function spokenEvent(events: readonly EventLine[]): string {
  const newest = events.at(-1);
  if (newest === undefined) return '';
  return newest.kind === 'rejected' ? 'Messages from others were refused. Traffic lists why.' : newest.text;
}
