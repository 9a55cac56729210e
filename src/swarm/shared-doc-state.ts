import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { invariant } from '../base/invariant.ts';
import {
  decimate,
  documentLimitBytes,
  maxConfigCharacters,
  maxCurvePoints,
  maxPresences,
  maxRecords,
  maxSampleCharacters,
  readPast,
  readPresence,
  readRecord,
  readSample,
  writePast,
  type Announcements,
  type CurveAnnouncement,
  type Past,
  type Presence,
  type RecordAnnouncement,
  type SampleAnnouncement,
} from './announcements.ts';

/** Writing stops here, so that no write takes the document past its limit. */
const writeLimitBytes = documentLimitBytes - (32 << 10);

/** Records on a page of the document before a new page begins. */
const pageRecords = 64;

type WellFormed = <T>(found: T | undefined) => readonly T[];
const orNothing: WellFormed = (found) => (found === undefined ? [] : [found]);

/**
 * The announcements of one room in a Yjs document: read with suspicion, written in single transactions, kept small. Knows
 * no network: `openSharedDoc` connects it.
 *
 * Yjs keeps about 30 bytes of every map entry ever deleted, unless the map itself is deleted: then all that was in it
 * shrinks to almost nothing. So what changes every round lives on a page, a map that a new one replaces after 64 records:
 * `past` (the last records and the curve so far), then a record a round by its number, and the newest `sample`.
 */
export class SharedDoc {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly #run: Y.Map<unknown>;
  readonly #listeners = new Set<() => void>();
  readonly #rejections = new Map<string, number>();
  #view: Announcements | undefined;
  #bytes: { readonly waiting: number; readonly all: number } | undefined;
  /** Set by openSharedDoc. */
  connection: () => Pick<Announcements, 'connected' | 'synced' | 'signaling'> = () => ({
    connected: false,
    synced: false,
    signaling: false,
  });

  constructor(doc: Y.Doc = new Y.Doc()) {
    this.doc = doc;
    this.awareness = new Awareness(doc);
    this.#run = doc.getMap('run');
    doc.on('update', () => {
      this.#bytes = undefined;
      this.changed();
    });
    this.awareness.on('change', () => this.changed());
  }

  /** The document as it is now; the same object until something changes. */
  view(): Announcements {
    return (this.#view ??= this.#read());
  }

  /** Calls back after every change, perhaps often. The returned function ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** What a newcomer is sent, in bytes: updates that wait for others which never came are part of it. */
  encodedBytes(): number {
    // Yjs keeps those without a word, so that no event tells that they grew.
    const { pendingStructs, pendingDs } = this.doc.store;
    const waiting = (pendingStructs?.update.length ?? 0) + (pendingDs?.length ?? 0);
    if (this.#bytes?.waiting !== waiting)
      this.#bytes = { waiting, all: Y.encodeStateAsUpdate(this.doc).length };
    return this.#bytes.all;
  }

  /** Announces a run. Records, curve and sample of another run go. False: the document is full. */
  announceConfig(text: string): boolean {
    invariant(text.length <= maxConfigCharacters, 'a config text of at most 16 KiB');
    if (this.#run.get('config') === text) return true;
    return this.#write(() => {
      this.#run.set('config', text);
      this.#run.set('page', new Y.Map());
    });
  }

  /** For the record's leader only, or every member writes the same. Its losses join the curve. False: not announced. */
  announceRecord(record: RecordAnnouncement): boolean {
    const text = JSON.stringify(record);
    if (!this.#fit(readRecord(text) !== undefined)) return false;
    return this.#write(() => {
      let page = this.#page();
      if (page === undefined || page.size >= pageRecords) page = this.#turnPage(page);
      page.set(String(record.round), text);
    });
  }

  /** Text beyond 500 characters is cut. False: not announced. */
  announceSample(sample: SampleAnnouncement): boolean {
    const text = JSON.stringify({ ...sample, text: sample.text.slice(0, maxSampleCharacters) });
    if (!this.#fit(readSample(text) !== undefined)) return false;
    return this.#write(() => (this.#page() ?? this.#turnPage(undefined)).set('sample', text));
  }

  /** Tells the others about this tab; undefined: nothing, as a viewer. False: not announced. */
  setPresence(presence: Presence | undefined): boolean {
    if (!this.#fit(presence === undefined || readPresence(presence) !== undefined)) return false;
    const value = presence === undefined ? null : JSON.stringify(presence);
    const before = this.awareness.getLocalState()?.['starling'] as unknown;
    if (JSON.stringify(before ?? null) !== (value ?? 'null'))
      this.awareness.setLocalStateField('starling', value === null ? null : JSON.parse(value));
    return true;
  }

  /** Something outside the document changed: a connection, say. */
  changed(): void {
    this.#view = undefined;
    for (const listener of [...this.#listeners]) listener();
  }

  countRejection(reason: string): void {
    this.#rejections.set(reason, (this.#rejections.get(reason) ?? 0) + 1);
    this.changed();
  }

  #fit(wellFormed: boolean): boolean {
    if (!wellFormed) this.countRejection('own-announcement-malformed');
    return wellFormed;
  }

  #write(change: () => void): boolean {
    if (this.encodedBytes() > writeLimitBytes) {
      this.countRejection('document-full');
      return false;
    }
    this.doc.transact(change);
    return true;
  }

  #page(): Y.Map<unknown> | undefined {
    const page = this.#run.get('page');
    return page instanceof Y.Map ? (page as Y.Map<unknown>) : undefined;
  }

  /** A new page that carries on from the one before. */
  #turnPage(before: Y.Map<unknown> | undefined): Y.Map<unknown> {
    const page = new Y.Map<unknown>();
    if (before !== undefined) {
      page.set('past', writePast(this.#readPage(before, orNothing)));
      const sample = readSample(before.get('sample'));
      if (sample !== undefined) page.set('sample', JSON.stringify(sample));
    }
    this.#run.set('page', page);
    return page;
  }

  #readPage(page: Y.Map<unknown>, wellFormed: WellFormed): Past {
    const records = new Map<number, RecordAnnouncement>();
    const curve = new Map<number, CurveAnnouncement>();
    const past = page.has('past') ? wellFormed(readPast(page.get('past'))) : [];
    for (const record of past.flatMap((found) => found.records)) records.set(record.round, record);
    for (const point of past.flatMap((found) => found.curve)) curve.set(point.round, point);
    for (const [key, value] of page.entries()) {
      if (key === 'past' || key === 'sample') continue;
      const found = readRecord(value);
      for (const record of wellFormed(String(found?.round) === key ? found : undefined)) {
        const { round, train, validation } = record;
        records.set(round, record);
        if (train !== undefined) curve.set(round, { round, train, validation });
      }
    }
    const ascending = <T extends { round: number }>(found: Map<number, T>): T[] =>
      [...found.values()].sort((a, b) => a.round - b.round);
    const points = ascending(curve);
    const kept = new Set(
      decimate(
        points.map(({ round }) => round),
        maxCurvePoints,
      ),
    );
    return {
      records: ascending(records).slice(-maxRecords),
      curve: points.filter(({ round }) => kept.has(round)),
    };
  }

  #read(): Announcements {
    // Counted anew at each look: these are entries that are there now, not events.
    let malformed = 0;
    const wellFormed: WellFormed = (found) => {
      if (found === undefined) malformed++;
      return orNothing(found);
    };
    const config = this.#run.get('config');
    const configFits = typeof config === 'string' && config.length <= maxConfigCharacters;
    if (config !== undefined && !configFits) malformed++;
    const page = this.#page();
    if (page === undefined && this.#run.has('page')) malformed++;
    const { records, curve } =
      page === undefined ? { records: [], curve: [] } : this.#readPage(page, wellFormed);
    const sample = page?.has('sample') === true ? wellFormed(readSample(page.get('sample')))[0] : undefined;
    const presences = this.#readPresences(wellFormed);
    return {
      ...this.connection(),
      config: configFits ? config : undefined,
      presences,
      records,
      curve,
      sample,
      documentBytes: this.encodedBytes(),
      rejections: {
        ...Object.fromEntries(this.#rejections),
        ...(malformed === 0 ? {} : { 'announcement-malformed': malformed }),
      },
    };
  }

  #readPresences(wellFormed: WellFormed): readonly Presence[] {
    const found = new Map<string, Presence>();
    const take = (state: unknown) => {
      const said = (state as { starling?: unknown } | null | undefined)?.starling;
      if (said === undefined || said === null || found.size >= maxPresences) return;
      for (const presence of wellFormed(readPresence(said)))
        if (!found.has(presence.id)) found.set(presence.id, presence);
    };
    // Ours first: another tab that says our id is not shown instead of us.
    take(this.awareness.getLocalState());
    for (const [client, state] of this.awareness.getStates())
      if (client !== this.awareness.clientID) take(state);
    return [...found.values()];
  }
}
