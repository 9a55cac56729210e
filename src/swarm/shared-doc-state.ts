import { uint32 } from 'lib0/random';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { realClock, type Clock } from '../base/clock.ts';
import { invariant } from '../base/invariant.ts';
import {
  documentLimitBytes,
  maxConfigCharacters,
  maxPresences,
  maxSampleCharacters,
  readEpoch,
  readPresence,
  readRecord,
  readSample,
  saysBadName,
  writePast,
  type Announcements,
  type Past,
  type Presence,
  type RecordAnnouncement,
  type SampleAnnouncement,
} from './announcements.ts';
import {
  Allowance,
  maxAwarenessMemory,
  maxAwarenessStateBytes,
  maxAwarenessStates,
} from './shared-doc-bounds.ts';
import { orNothing, readPage, type WellFormed } from './shared-doc-page.ts';
import { rootName, type AwarenessGate } from './shared-doc-shape.ts';

/** What a fresh room's document begins with. */
export interface CarriedOver extends Past {
  readonly config: string;
  readonly sample: SampleAnnouncement | undefined;
}

/** Writing stops here, so that no write takes the document past its limit. */
const writeLimitBytes = documentLimitBytes - (32 << 10);

/** Records on a page of the document before a new page begins. */
const pageRecords = 64;

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
  readonly #renaming: Allowance;
  #view: Announcements | undefined;
  /** No less than `encodedBytes` without what waits: an update of our shape, of whole entries, adds at most its length. */
  #atMostBytes = 0;
  #bytes: { readonly waiting: number; readonly all: number } | undefined;
  /** Set by openSharedDoc. */
  connection: () => Pick<Announcements, 'connected' | 'synced' | 'signaling'> = () => ({
    connected: false,
    synced: false,
    signaling: false,
  });

  constructor(doc: Y.Doc = new Y.Doc(), clock: Clock = realClock) {
    this.doc = doc;
    this.#renaming = new Allowance(clock, 4, 60_000);
    this.awareness = new Awareness(doc);
    this.#run = doc.getMap(rootName);
    doc.on('update', (update: Uint8Array) => {
      this.#bytes = undefined;
      this.#atMostBytes += update.length;
      this.changed();
    });
    this.awareness.on('change', () => this.changed());
  }

  /** The document as it is now; the same object until something changes. */
  view(): Announcements {
    return (this.#view ??= this.#read());
  }

  /** What is announced as the run's config, without a look at the rest; undefined where nothing is, or nothing that could be one. */
  get config(): string | undefined {
    const config = this.#run.get('config');
    return typeof config === 'string' && config.length <= maxConfigCharacters ? config : undefined;
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
    const waiting = this.#waitingBytes();
    if (this.#bytes?.waiting !== waiting) {
      this.#bytes = { waiting, all: Y.encodeStateAsUpdate(this.doc).length };
      this.#atMostBytes = this.#bytes.all;
    }
    return this.#bytes.all;
  }

  /** Whether what a newcomer is sent, and `moreBytes`, are more than `limit`; cheap as long as they are far from it. */
  isAbove(limit: number, moreBytes = 0): boolean {
    if (this.#atMostBytes + this.#waitingBytes() + moreBytes <= limit) return false;
    return this.encodedBytes() + moreBytes > limit;
  }

  /** Announces a run. Records, curve and sample of another run go. False: the document is full. */
  announceConfig(text: string): boolean {
    invariant(text.length <= maxConfigCharacters, 'a config text of at most 16 KiB');
    if (this.#run.get('config') === text) return true;
    return this.#write(() => {
      this.#run.set('config', text);
      this.#run.set('page', new Y.Map());
      if (this.#run.has('epoch')) this.#run.set('epoch', 0);
    });
  }

  /**
   * Begins a fresh room with what the room before knew, or puts back what a stranger took out: the records and curve that are
   * here stay, up to the round `upTo`, and those that are missing are added. False: the document is full.
   */
  carryOver({ config, records, curve, sample }: CarriedOver, upTo?: number): boolean {
    invariant(config.length <= maxConfigCharacters, 'a config text of at most 16 KiB');
    return this.#write(() => {
      if (this.#run.get('config') !== config) this.#run.set('config', config);
      this.#turnPage(this.#page(), { records, curve }, sample, upTo);
    });
  }

  /** Puts the config back where a stranger took it out, and the epoch. False: the document is full. */
  upholdConfig(text: string, epoch: number): boolean {
    return this.#write(() => {
      this.#run.set('config', text);
      if (epoch > 0) this.#run.set('epoch', epoch);
    });
  }

  /** Tells those who come to this room that the run goes on in that of another epoch. False: the document is full. */
  announceEpoch(epoch: number): boolean {
    if (!this.#fit(readEpoch(epoch) !== undefined)) return false;
    return this.#run.get('epoch') === epoch || this.#write(() => this.#run.set('epoch', epoch));
  }

  /** Takes records, curve and sample out of a room that the run has left. */
  clearPage(): void {
    if (this.#run.has('page')) this.doc.transact(() => this.#run.delete('page'));
  }

  /** Forgets updates that wait for others: Yjs would keep them, and send them on, for ever. */
  forgetWaiting(): boolean {
    const { store } = this.doc;
    if (store.pendingStructs === null && store.pendingDs === null) return false;
    store.pendingStructs = null;
    store.pendingDs = null;
    return true;
  }

  /** What other tabs may say of who is here. */
  awarenessGate(): AwarenessGate {
    const { awareness } = this;
    return {
      self: () => awareness.clientID,
      inOurName: (clock) => this.#answerToOurName(clock),
      isKnown: (client) => awareness.states.has(client),
      mayAdd: (more) => {
        this.#forgetGone();
        return awareness.states.size + more < maxAwarenessStates;
      },
      count: (reason) => this.countRejection(reason),
    };
  }

  /**
   * For the records' leader only, or every member writes the same. Their losses join the curve. Told to the others in one message.
   * False: not announced.
   */
  announceRecords(...records: readonly RecordAnnouncement[]): boolean {
    const texts = records.map((record) => [String(record.round), JSON.stringify(record)] as const);
    if (!this.#fit(texts.every(([, text]) => readRecord(text) !== undefined))) return false;
    return this.#write(() => {
      let page = this.#page();
      for (const [round, text] of texts) {
        if (page === undefined || page.size >= pageRecords) page = this.#turnPage(page);
        page.set(round, text);
      }
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
    const starling: unknown = presence === undefined ? null : JSON.parse(JSON.stringify(presence));
    const fits = new TextEncoder().encode(JSON.stringify({ starling })).length <= maxAwarenessStateBytes;
    if (!this.#fit(starling === null || (fits && readPresence(starling) !== undefined))) return false;
    const before = this.awareness.getLocalState()?.['starling'] as unknown;
    if (JSON.stringify(before ?? null) !== JSON.stringify(starling))
      this.awareness.setLocalStateField('starling', starling);
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

  #waitingBytes(): number {
    // Yjs keeps those without a word, so that no event tells that they grew.
    const { pendingStructs, pendingDs } = this.doc.store;
    return (pendingStructs?.update.length ?? 0) + (pendingDs?.length ?? 0);
  }

  #forgetGone(): void {
    const { meta, states, clientID } = this.awareness;
    if (meta.size < maxAwarenessMemory) return;
    for (const client of [...meta.keys()])
      if (!states.has(client) && client !== clientID) meta.delete(client);
  }

  /** Others would now take a stranger's word for ours, and ours for old: we go on as another client. */
  #answerToOurName(clock: number): void {
    const { awareness } = this;
    if (clock <= (awareness.meta.get(awareness.clientID)?.clock ?? 0)) return;
    this.countRejection('awareness-in-our-name');
    if (!this.#renaming.take()) return;
    const state = awareness.getLocalState();
    awareness.setLocalState(null);
    awareness.clientID = this.doc.clientID = uint32();
    awareness.setLocalState(state);
  }

  #fit(wellFormed: boolean): boolean {
    if (!wellFormed) this.countRejection('own-announcement-malformed');
    return wellFormed;
  }

  #write(change: () => void): boolean {
    if (this.isAbove(writeLimitBytes)) {
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
  #turnPage(
    before: Y.Map<unknown> | undefined,
    known?: Past,
    sampled?: SampleAnnouncement,
    upTo = Infinity,
  ): Y.Map<unknown> {
    const page = new Y.Map<unknown>();
    const past = readPage(before, orNothing, known, upTo);
    if (past.curve.length + past.records.length > 0) page.set('past', writePast(past));
    const sample = readSample(before?.get('sample')) ?? sampled;
    if (sample !== undefined) page.set('sample', JSON.stringify(sample));
    this.#run.set('page', page);
    return page;
  }

  #read(): Announcements {
    // Counted anew at each look: these are entries that are there now, not events.
    let malformed = 0;
    const wellFormed: WellFormed = (found) => {
      if (found === undefined) malformed++;
      return orNothing(found);
    };
    const { config } = this;
    if (config === undefined && this.#run.has('config')) malformed++;
    const page = this.#page();
    if (page === undefined && this.#run.has('page')) malformed++;
    const { records, curve } = readPage(page, wellFormed);
    const sample = page?.has('sample') === true ? wellFormed(readSample(page.get('sample')))[0] : undefined;
    const { presences, badNames } = this.#readPresences(wellFormed);
    const epoch = this.#run.has('epoch') ? wellFormed(readEpoch(this.#run.get('epoch')))[0] : undefined;
    return {
      ...this.connection(),
      config,
      presences,
      records,
      curve,
      sample,
      epoch: epoch ?? 0,
      documentBytes: this.encodedBytes(),
      rejections: {
        ...Object.fromEntries(this.#rejections),
        ...(malformed === 0 ? {} : { 'announcement-malformed': malformed }),
        ...(badNames === 0 ? {} : { 'name-malformed': badNames }),
      },
    };
  }

  #readPresences(wellFormed: WellFormed): {
    readonly presences: readonly Presence[];
    readonly badNames: number;
  } {
    const found = new Map<string, Presence>();
    let badNames = 0;
    const local = this.awareness.getLocalState();
    const own = readPresence(local?.['starling'])?.id;
    const take = (state: unknown) => {
      const said = (state as { starling?: unknown } | null | undefined)?.starling;
      if (said === undefined || said === null || found.size >= maxPresences) return;
      for (const presence of wellFormed(readPresence(said))) {
        const known = found.get(presence.id);
        if (known === undefined) {
          found.set(presence.id, presence);
          if (saysBadName(said)) badNames++;
        } else if (known.name !== presence.name && known.id !== own) {
          // Nobody can tell which of them is the volunteer's own word, so it has none.
          found.set(known.id, { ...known, name: undefined });
          badNames++;
        }
      }
    };
    // Ours first: another tab that says our id is not shown instead of us.
    take(local);
    for (const [client, state] of this.awareness.getStates())
      if (client !== this.awareness.clientID) take(state);
    return { presences: [...found.values()], badNames };
  }
}
