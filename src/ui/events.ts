import type { EventLine } from '../volunteer/status.ts';
import { text } from './text.ts';

const { words, andMore, spokenRefusals } = text.events;

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

interface Kind {
  readonly mark: string;
  readonly word: string;
  readonly tone: Tone;
}

const kinds: ReadonlyMap<string, Omit<Kind, 'word'>> = new Map(
  Object.entries({
    repaired: { mark: '✓', tone: 'good' },
    leader: { mark: '★', tone: 'plain' },
    joined: { mark: '+', tone: 'good' },
    left: { mark: '−', tone: 'plain' },
    absent: { mark: '−', tone: 'warn' },
    'replicas-differ': { mark: '✕', tone: 'bad' },
    rejected: { mark: '✕', tone: 'warn' },
    snapshot: { mark: '↓', tone: 'plain' },
    epoch: { mark: '»', tone: 'warn' },
    'rolled-back': { mark: '↶', tone: 'warn' },
    'gpu-lost': { mark: '↻', tone: 'warn' },
    'gpu-memory': { mark: '↻', tone: 'warn' },
    'gpu-error': { mark: '✕', tone: 'bad' },
    info: { mark: 'i', tone: 'plain' },
  } satisfies Record<keyof typeof words, Omit<Kind, 'word'>>),
);

/** Mark and word of a kind of event; a kind that this page does not know is shown by its own name. */
export function kindOf(kind: string): Kind {
  const known = kinds.get(kind);
  return known === undefined
    ? { mark: '·', word: kind.replaceAll('-', ' ').slice(0, 16), tone: 'plain' }
    : { ...known, word: words[kind as keyof typeof words] };
}

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
      text: more === 0 ? event.text : andMore(event.text, more),
    });
    end = start - 1;
  }
  return rows;
}

/** What a screen reader is told of events: the newest, and of refusals only that there are any. */
export function spokenEvent(events: readonly EventLine[]): string {
  const newest = events.at(-1);
  if (newest === undefined) return '';
  return newest.kind === 'rejected' ? spokenRefusals : newest.text;
}
