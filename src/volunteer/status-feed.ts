import { invariant } from '../base/invariant.ts';
import { sameData } from '../base/same-data.ts';
import type { VolunteerStatus } from './status.ts';

/** What grows at its end and is cut at its beginning: only what is new of it is told. */
const lists = ['records', 'receipts', 'ledger', 'events'] as const satisfies (keyof VolunteerStatus)[];
type ListName = (typeof lists)[number];

/** How a list is made of the one before: `kept` of its items from `from` on, then these. */
export interface ListDelta {
  readonly from: number;
  readonly kept: number;
  readonly added: readonly unknown[];
}

/** What makes the status before into the next one. */
export interface StatusDelta {
  /** Fields that are others now; all of them at first. */
  readonly changed: Readonly<Record<string, unknown>>;
  readonly lists: Readonly<Partial<Record<ListName, ListDelta>>>;
}

const isList = (name: string): name is ListName => (lists as readonly string[]).includes(name);

/**
 * Snapshots on their way to a page: four hundred records with every change are more than telling it one takes. What did not
 * change is not told, so that it stays the same object there and nothing is drawn of it again.
 */
export class StatusFeed {
  #told: VolunteerStatus | undefined;

  take(status: VolunteerStatus): StatusDelta {
    const before = this.#told;
    this.#told = status;
    if (before === undefined) return { changed: { ...status }, lists: {} };
    const changed: Record<string, unknown> = {};
    const listDeltas: Partial<Record<ListName, ListDelta>> = {};
    for (const [name, value] of Object.entries(status) as [keyof VolunteerStatus, unknown][]) {
      if (isList(name)) {
        const delta = listDelta(before[name], status[name]);
        if (delta !== undefined) listDeltas[name] = delta;
      } else if (!sameData(before[name], value)) changed[name] = value;
    }
    return { changed, lists: listDeltas };
  }
}

/** The other end of a feed. */
export class StatusMirror {
  #status: VolunteerStatus | undefined;

  /** The status that was fed; every part that did not change is the same object as before. */
  take({ changed, lists: listDeltas }: StatusDelta): VolunteerStatus {
    const before = this.#status;
    const next: Record<string, unknown> = { ...before, ...changed };
    for (const [name, { from, kept, added }] of Object.entries(listDeltas)) {
      invariant(before !== undefined && isList(name), 'a list is told whole at first');
      next[name] = [...before[name].slice(from, from + kept), ...added];
    }
    return (this.#status = next as unknown as VolunteerStatus);
  }
}

/** Undefined where nothing changed. */
function listDelta(before: readonly unknown[], now: readonly unknown[]): ListDelta | undefined {
  const first = now[0];
  const found = now.length === 0 ? -1 : before.findIndex((item) => sameData(item, first));
  const from = found < 0 ? before.length : found;
  let kept = 0;
  while (kept < now.length && from + kept < before.length && sameData(before[from + kept], now[kept])) kept++;
  if (from === 0 && kept === before.length && kept === now.length) return undefined;
  return { from, kept, added: now.slice(kept) };
}
