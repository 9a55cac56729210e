import type { Clock } from '../base/clock.ts';
import {
  maxEpoch,
  maxPresences,
  roundsPerEpoch as usualRoundsPerEpoch,
  type Announcements,
  type Past,
  type Presence,
  type RecordAnnouncement,
  type SampleAnnouncement,
} from './announcements.ts';
import { Allowance } from './shared-doc-bounds.ts';
import type { OpenSharedDoc } from './shared-doc.ts';
import type { SharedDoc } from './shared-doc-state.ts';

/** So many rounds ahead the next room is opened, so that its connections are there when it is needed. */
const roundsAhead = 50;
/** A room the run has left stays open this long, for those who have not left it yet. */
const leaveMs = 60_000;
/** A room that was named must show the run within this, or it is refused for a while. */
const proofMs = 20_000;
const refusalMs = 60_000;
/** A move back must be named this long: members soon correct a room that a stranger named. */
const backMs = 10_000;
const mostLeaving = 2;

export interface SharedRoomsOptions {
  /** The room without a number, where everyone meets. */
  readonly room: string;
  /** Joins a room. */
  readonly open: (room: string) => Promise<OpenSharedDoc>;
  readonly clock: Clock;
  readonly roundsPerEpoch?: number;
}

/** A room of an epoch, opened or being opened. */
interface Room {
  opened: OpenSharedDoc | undefined;
  unwanted: boolean;
}

/**
 * The announcements of a run that moves from room to room. Whatever Yjs is told it keeps a trace of, so every 1,000 rounds a
 * fresh room `<room>/<epoch>` takes over; rounds 0 to 999 are in `<room>` itself. All stay in `<room>`, which then holds only
 * the config and the epoch. A member moves when its own round says so; everyone else when `<room>` says so and the named room
 * holds the same run: a stranger can name any.
 */
export class SharedRooms {
  readonly #options: SharedRoomsOptions;
  readonly #roundsPerEpoch: number;
  readonly #base: OpenSharedDoc;
  readonly #listeners = new Set<() => void>();
  readonly #leaving = new Map<number, () => void>();
  readonly #rooms = new Map<number, Room>();
  readonly #closing = new Map<number, Promise<void>>();
  readonly #refusedUntil = new Map<number, number>();
  /** Counted in rooms that are closed. */
  readonly #past = new Map<string, number>();
  readonly #pointing: Allowance;
  #here = 0;
  /** What was shown when the room was changed. */
  #before: Announcements | undefined;
  #named = { epoch: 0, sinceMs: 0 };
  readonly #pending = new Set<Promise<void>>();
  #ownRound: number | undefined;
  #presence: Presence | undefined;
  #view: Announcements | undefined;
  #steering = false;
  #closed = false;

  private constructor(options: SharedRoomsOptions, base: OpenSharedDoc) {
    this.#options = options;
    this.#roundsPerEpoch = options.roundsPerEpoch ?? usualRoundsPerEpoch;
    this.#base = base;
    this.#pointing = new Allowance(options.clock, 4, 30_000);
    this.#rooms.set(0, { opened: base, unwanted: false });
    base.shared.onChange(() => this.#changed());
  }

  /** Joins the room where everyone meets. Throws what `open` throws. */
  static async open(options: SharedRoomsOptions): Promise<SharedRooms> {
    return new SharedRooms(options, await options.open(options.room));
  }

  /** What the rooms announce together; the same object until something changes. */
  view(): Announcements {
    return (this.#view ??= this.#read());
  }

  /** The announced run, without a look at the rest. */
  get config(): string | undefined {
    return this.#base.shared.config ?? this.#shared().config;
  }

  /** Calls back after every change, perhaps often. The returned function ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** The newest round of which this tab is a member; undefined: it is none, and follows what is announced. */
  passRound(round: number | undefined): void {
    if (round === this.#ownRound) return;
    this.#ownRound = round;
    this.#steer();
  }

  /** Announces a run, which begins in the room where everyone meets. False: the document is full. */
  announceConfig(text: string): boolean {
    return this.#base.shared.announceConfig(text);
  }

  /**
   * Puts back what a stranger took out, and takes out what no member knows of. For members of the run, and not often. False:
   * nothing was amiss, or nothing could be written.
   */
  uphold(config: string, known: Past): boolean {
    const upTo = (known.records.at(-1)?.round ?? 0) + roundsAhead;
    const base = this.#base.shared;
    const here = this.#shared();
    const { records, curve, config: shown } = here.view();
    const configLost = base.view().config !== config && base.upholdConfig(config, this.#here);
    const isWhole =
      curve.length * 2 >= Math.min(known.curve.length, 64) &&
      [...records, ...curve].every(({ round }) => round <= upTo);
    if (isWhole && shown === config) return configLost;
    return here.carryOver({ config, ...known, sample: this.#before?.sample }, upTo);
  }

  /** For the records' leader only. False: not announced. */
  announceRecords(...records: readonly RecordAnnouncement[]): boolean {
    const here = this.#shared();
    const before = this.#before;
    // The first to lead a record in a fresh room furnishes it; if it is closed before, the next one or whoever upholds the run.
    if (before?.config !== undefined && here.view().config === undefined)
      here.carryOver({ ...before, config: before.config });
    this.#pointOn();
    return here.announceRecords(...records);
  }

  /** Text beyond 500 characters is cut. False: not announced. */
  announceSample(sample: SampleAnnouncement): boolean {
    return this.#shared().announceSample(sample);
  }

  /** Tells the others about this tab; undefined: nothing, as a viewer. False: not announced. */
  setPresence(presence: Presence | undefined): boolean {
    const told = [...this.#opened()].map(({ shared }) => shared.setPresence(presence));
    if (told.includes(false)) return false;
    this.#presence = presence;
    return true;
  }

  /** Leaves all rooms. They can be opened again when it resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#leaving.values()) cancel();
    for (const epoch of [...this.#rooms.keys()]) if (epoch !== 0) this.#drop(epoch);
    await this.#base.close();
    while (this.#pending.size + this.#closing.size > 0)
      await Promise.all([...this.#pending, ...this.#closing.values()]);
  }

  #shared(): SharedDoc {
    return (this.#rooms.get(this.#here)?.opened ?? this.#base).shared;
  }

  #opened(): OpenSharedDoc[] {
    return [...this.#rooms.values()].flatMap(({ opened }) => (opened === undefined ? [] : [opened]));
  }

  #changed(): void {
    this.#view = undefined;
    if (this.#closed) return;
    this.#steer();
    for (const listener of [...this.#listeners]) listener();
  }

  /** Opens, enters and leaves rooms as the run's round, or who announces it, says. */
  #steer(): void {
    if (this.#steering || this.#closed) return;
    this.#steering = true;
    try {
      const named = this.#target();
      if (named !== this.#here) this.#approach(named);
      const target = this.#target();
      const next = this.#isSoon() ? [this.#here + 1] : [];
      const wanted = new Set([0, this.#here, target, ...this.#leaving.keys(), ...next]);
      for (const epoch of wanted) this.#open(epoch);
      for (const epoch of [...this.#rooms.keys()]) if (!wanted.has(epoch)) this.#drop(epoch);
    } finally {
      this.#steering = false;
    }
  }

  #epochOf(round: number): number {
    return Math.min(maxEpoch, Math.max(0, Math.floor(round / this.#roundsPerEpoch)));
  }

  #isSoon(): boolean {
    const round = this.#ownRound ?? this.#shared().view().records.at(-1)?.round ?? 0;
    const isLast = this.#epochOf(round) === this.#here;
    return isLast && this.#epochOf(round + Math.min(roundsAhead, this.#roundsPerEpoch / 2)) > this.#here;
  }

  /** The epoch whose room this tab should be in. */
  #target(): number {
    const here = this.#here;
    if (this.#ownRound !== undefined) {
      const own = this.#epochOf(this.#ownRound);
      // A round that is rolled back across the boundary moves nobody back.
      return own === here - 1 && this.#epochOf(this.#ownRound + roundsAhead) === here ? here : own;
    }
    // Who has not heard from the room where everyone meets is pointed on from where it is.
    const base = this.#base.shared.view();
    const { epoch } = base.config === undefined ? this.#shared().view() : base;
    return (this.#refusedUntil.get(epoch) ?? -Infinity) > this.#options.clock.now() ? here : epoch;
  }

  #approach(target: number): void {
    const opened = this.#rooms.get(target)?.opened;
    const now = this.#options.clock.now();
    if (this.#named.epoch !== target) {
      this.#named = { epoch: target, sinceMs: now };
      for (const ms of [backMs, proofMs]) this.#options.clock.after(ms, () => this.#changed());
    }
    const waitedMs = now - this.#named.sinceMs;
    if (this.#ownRound !== undefined) {
      if (opened !== undefined) this.#enter(target);
    } else if (opened !== undefined && this.#isProven(opened.shared)) {
      // Back only after a while, except where another run begins.
      if (target > this.#here || waitedMs >= backMs || !this.#isProven(this.#shared())) this.#enter(target);
    } else if (waitedMs >= proofMs) {
      this.#refuse(target);
    }
  }

  /** Whether the room holds the run that is announced where everyone meets. */
  #isProven(shared: SharedDoc): boolean {
    const { config } = this.#base.shared.view();
    return config !== undefined && shared.view().config === config;
  }

  #refuse(epoch: number): void {
    const until = this.#options.clock.now() + refusalMs;
    // Only the newest few: a stranger can name very many.
    for (const first of [...this.#refusedUntil.keys()])
      if (this.#refusedUntil.size >= 8) this.#refusedUntil.delete(first);
    this.#refusedUntil.set(epoch, until);
    this.#count('epoch-without-run');
    this.#options.clock.after(refusalMs, () => this.#changed());
  }

  #enter(epoch: number): void {
    const left = this.#here;
    this.#before = this.view();
    this.#here = epoch;
    this.#leaving.get(epoch)?.();
    this.#leaving.delete(epoch);
    this.#leave(left);
    this.#view = undefined;
  }

  #leave(epoch: number): void {
    const cancel = this.#options.clock.after(leaveMs, () => {
      this.#leaving.delete(epoch);
      // What everyone holds who comes from now on should be little.
      if (epoch === 0 && this.#here !== 0 && this.#ownRound !== undefined) this.#base.shared.clearPage();
      this.#changed();
    });
    for (const [first, stop] of [...this.#leaving]) {
      if (this.#leaving.size < mostLeaving) break;
      stop();
      this.#leaving.delete(first);
    }
    this.#leaving.set(epoch, cancel);
  }

  /** Leaders tell those who come to other rooms where the run is. */
  #pointOn(): void {
    if (this.#ownRound === undefined || this.#epochOf(this.#ownRound) !== this.#here) return;
    for (const epoch of [0, ...this.#leaving.keys()]) {
      const shared = this.#rooms.get(epoch)?.opened?.shared;
      if (shared === undefined || epoch > this.#here) continue;
      const { epoch: named, config } = shared.view();
      if (config === undefined || named === this.#here) continue;
      if (this.#pointing.take()) shared.announceEpoch(this.#here);
    }
  }

  #open(epoch: number): void {
    const known = this.#rooms.get(epoch);
    if (known !== undefined) known.unwanted = false;
    if (known !== undefined || this.#closing.has(epoch)) return;
    const { open, room: name, clock } = this.#options;
    const room: Room = { opened: undefined, unwanted: false };
    this.#rooms.set(epoch, room);
    const opening: Promise<void> = open(`${name}/${epoch}`).then(
      (opened) => {
        if (room.unwanted) {
          this.#closeRoom(epoch, opened);
          return;
        }
        room.opened = opened;
        opened.shared.onChange(() => this.#changed());
        opened.shared.setPresence(this.#presence);
        this.#changed();
      },
      () => {
        this.#count('room-not-opened');
        clock.after(proofMs, () => {
          this.#rooms.delete(epoch);
          this.#changed();
        });
      },
    );
    this.#pending.add(opening);
    void opening.finally(() => this.#pending.delete(opening));
  }

  #drop(epoch: number): void {
    const room = this.#rooms.get(epoch);
    if (room === undefined || room.unwanted) return;
    room.unwanted = true;
    if (room.opened !== undefined) this.#closeRoom(epoch, room.opened);
  }

  #closeRoom(epoch: number, opened: OpenSharedDoc): void {
    for (const [reason, times] of Object.entries(opened.shared.view().rejections)) this.#count(reason, times);
    this.#rooms.delete(epoch);
    this.#closing.set(
      epoch,
      opened.close().finally(() => {
        this.#closing.delete(epoch);
        this.#changed();
      }),
    );
  }

  #count(reason: string, times = 1): void {
    this.#past.set(reason, (this.#past.get(reason) ?? 0) + times);
  }

  #read(): Announcements {
    const views = this.#opened().map(({ shared }) => shared.view());
    const base = this.#base.shared.view();
    const here = this.#shared().view();
    // Until someone has furnished the fresh room.
    const shown = here.config === undefined ? (this.#before ?? here) : here;
    const isNear = ({ round }: { readonly round: number }) => this.#epochOf(round) <= this.#here + 1;
    const presences = new Map<string, Presence>();
    for (const presence of [here, ...views].flatMap((view) => view.presences))
      if (!presences.has(presence.id) && presences.size < maxPresences) presences.set(presence.id, presence);
    const rejections = new Map(this.#past);
    for (const view of views)
      for (const [reason, times] of Object.entries(view.rejections))
        rejections.set(reason, (rejections.get(reason) ?? 0) + times);
    const far = [...shown.records, ...shown.curve].filter((found) => !isNear(found)).length;
    if (far > 0) rejections.set('announcement-of-far-round', far);
    return {
      connected: base.connected || here.connected,
      synced: base.synced,
      signaling: base.signaling,
      config: base.config ?? here.config,
      presences: [...presences.values()],
      records: shown.records.filter(isNear),
      curve: shown.curve.filter(isNear),
      sample: shown.sample,
      epoch: this.#here,
      documentBytes: Math.max(...views.map(({ documentBytes }) => documentBytes)),
      rejections: Object.fromEntries(rejections),
    };
  }
}
