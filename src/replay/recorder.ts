import { isPeerId, type PeerId } from '../base/ids.ts';
import type { MetricsView } from '../volunteer/metrics.ts';
import type { PresenceView, RunView } from '../volunteer/run-view.ts';
import type { CurvePoint, RecordSummary, VolunteerStatus } from '../volunteer/status.ts';
import { Leap } from './leap.ts';
import { measuredIn } from './measured.ts';
import {
  recordingLimits as most,
  type RecordedPeer,
  type RecordedPresence,
  type RecordedRound,
  type RecordedSample,
  type Recording,
} from './recording.ts';
import { newestSample, noRun, standAfter, stillPresent, type Standing } from './standing-run.ts';

/** What a recorder looks at: what a page shows. */
export interface Seen {
  readonly view: RunView;
  readonly volunteer: VolunteerStatus | undefined;
  readonly metrics?: MetricsView | undefined;
}

type SeenRound = Pick<
  RecordedRound,
  'atMs' | 'round' | 'leader' | 'members' | 'counted' | 'tokens' | 'train' | 'validation' | 'state'
>;

/** A change of speed by less than this part is none: speeds are announced every two seconds. */
const noticeable = 0.2;

/**
 * Remembers what a page saw of its run, within bounds: of too many rounds, every second one of the older half goes. Another
 * run begins anew, once it stands in the room. Time is given: ms since an arbitrary start.
 */
export class Recorder {
  #standing: Standing = noRun;
  #isVolunteer = false;
  /** When its first round was seen. */
  #beganMs: number | undefined;
  #rounds: SeenRound[] = [];
  /** Those of them that this tab has judged itself. */
  readonly #judged = new WeakSet<SeenRound>();
  readonly #leap = new Leap();
  #samples: RecordedSample[] = [];
  #company: RecordedPresence[] = [];
  readonly #peers = new Map<PeerId, RecordedPeer>();
  /** Who is here, as last recorded. */
  readonly #here = new Map<PeerId, RecordedPresence>();
  #curve: readonly CurvePoint[] = [];
  #metrics: MetricsView | undefined;

  /** Rounds recorded so far. */
  get length(): number {
    return this.#rounds.length;
  }

  /** Looks at what the page shows now. To be called with every new snapshot. */
  saw(seen: Seen, nowMs: number): void {
    const { view } = seen;
    const volunteer = stillPresent(seen.volunteer);
    if (view.run === undefined) return;
    const before = this.#standing;
    this.#standing = standAfter(before, view.run, volunteer !== undefined, nowMs);
    // What is shown now is of a run that may be nobody's.
    if (this.#standing.other !== undefined) return;
    if (this.#standing.run !== before.run) this.#begin();
    if (volunteer !== undefined) this.#isVolunteer = true;
    const own = volunteer?.records ?? [];
    if (own.length > 0) this.#takeRecords(own, nowMs, seen, true);
    else this.#takeRecords(view.records, nowMs, seen, false);
    this.#takeCompany(presencesOf(view, volunteer), this.#at(nowMs));
    const written = newestSample(view, volunteer);
    if (written !== undefined) this.#takeSample({ atMs: this.#at(nowMs), ...written });
    this.#curve = volunteer !== undefined && volunteer.curve.length > 0 ? volunteer.curve : view.curve;
    this.#metrics = seen.metrics;
  }

  /** What was recorded; undefined before the first round. `recordedOn`: the day, YYYY-MM-DD. */
  recording(room: string, recordedOn: string): Recording | undefined {
    const first = this.#rounds[0];
    const { run } = this.#standing;
    if (first === undefined || run === undefined || !isPeerId(run.startedBy)) return undefined;
    const { preset, parameters, seed, startedBy } = run;
    const measured = measuredIn(this.#metrics);
    return {
      recordedOn,
      seenBy: this.#isVolunteer ? 'volunteer' : 'viewer',
      room,
      run: { preset, parameters, seed, startedBy },
      past: pastOf(this.#curve, first.round),
      peers: [...this.#peers.values()],
      rounds: this.#rounds.map((one) => ({ ...one, ...measured(one.round) })),
      samples: this.#samples,
      company: this.#company,
    };
  }

  #begin(): void {
    this.#isVolunteer = false;
    this.#beganMs = undefined;
    this.#rounds = [];
    this.#leap.end();
    this.#samples = [];
    this.#company = [];
    this.#curve = [];
    this.#peers.clear();
    this.#here.clear();
  }

  /** Time begins with the first round; what was there before it was there then. */
  #at(nowMs: number): number {
    return Math.min(most.ms, Math.max(0, nowMs - (this.#beganMs ?? nowMs)));
  }

  /** `isOwn`: this tab has judged them. Announced ones may be anyone's, and never take rounds back. */
  #takeRecords(records: readonly RecordSummary[], nowMs: number, seen: Seen, isOwn: boolean): void {
    // New ones of ours are at the end: from there back to the first that is known. Of announced ones there are few.
    let from = isOwn ? records.length : 0;
    while (from > 0 && !this.#knows(records[from - 1])) from--;
    for (const record of records.slice(from)) {
      if (isOwn)
        this.#rounds = this.#rounds.filter((one) => one.round < record.round || this.#judged.has(one));
      else if (!this.#leap.isBelieved(record.round, this.#rounds.at(-1)?.round, nowMs)) continue;
      const at = this.#rounds.findLastIndex(({ round }) => round <= record.round);
      const isThere = this.#rounds[at]?.round === record.round;
      if (isOwn && isThere) this.#rounds.length = at;
      else if (isOwn && at !== this.#rounds.length - 1) continue;
      // Leaders tell theirs some at a time: a round may come after the next one, and is put between.
      if (!isOwn && (isThere || at < 0 !== (this.#rounds.length === 0))) continue;
      if (!this.#meets(record.leader, seen)) continue;
      this.#beganMs ??= nowMs;
      const { round, leader, contributions, tokens, train, validation, state } = record;
      const members = membersAt(record, seen);
      const what = { round, leader, members, counted: contributions, tokens, train, validation, state };
      const added = { ...what, atMs: this.#rounds[at + 1]?.atMs ?? this.#at(nowMs) };
      this.#rounds.splice(at + 1, 0, added);
      if (isOwn) this.#judged.add(added);
      this.#leap.end();
    }
    this.#rounds = thinned(this.#rounds, most.rounds);
  }

  #knows(record: RecordSummary | undefined): boolean {
    if (record === undefined) return false;
    const same = this.#rounds.findLast(({ round }) => round <= record.round);
    return same?.round === record.round && same.state === record.state;
  }

  #takeSample(sample: RecordedSample): void {
    const text = sample.text.slice(0, most.sampleCharacters);
    if (this.#samples.some((one) => one.round === sample.round && one.text === text)) return;
    this.#samples = thinned([...this.#samples, { ...sample, text }], most.samples);
  }

  #takeCompany(presences: readonly PresenceView[], atMs: number): void {
    const now = new Set<string>();
    for (const presence of presences) {
      const { id, state: doing, member, tokensPerSecond, adapter, software } = presence;
      if (!isPeerId(id) || !this.#notes({ id, adapter, software })) continue;
      now.add(id);
      const before = this.#here.get(id);
      const after = { atMs, id, doing, member, tokensPerSecond };
      if (before !== undefined && !isNews(before, after)) continue;
      this.#here.set(id, after);
      this.#company.push(after);
    }
    for (const [id, before] of this.#here) {
      if (now.has(id)) continue;
      this.#here.delete(id);
      this.#company.push({ ...before, atMs, doing: undefined, member: false, tokensPerSecond: undefined });
    }
    // What was long ago is what the past can do without; who is here is said again.
    if (this.#company.length > most.company)
      this.#company = [...this.#here.values()].map((one) => ({ ...one, atMs }));
  }

  /** Whether a leader is, or can be, in the list of peers. */
  #meets(id: PeerId, { view }: Seen): boolean {
    const presence = view.presences.find((one) => one.id === id);
    return this.#notes({ id, adapter: presence?.adapter ?? '', software: presence?.software ?? false });
  }

  #notes(peer: RecordedPeer): boolean {
    const known = this.#peers.get(peer.id);
    if (known === undefined && this.#peers.size >= most.peers) return false;
    if (known === undefined || known.adapter === '') this.#peers.set(peer.id, peer);
    return true;
  }
}

/** Everyone that the document announces, and this tab's own volunteer, which knows more of itself. */
function presencesOf(view: RunView, own: VolunteerStatus | undefined): readonly PresenceView[] {
  if (own === undefined) return view.presences;
  const self: PresenceView = {
    ...{ id: own.self, adapter: own.adapter?.name.slice(0, 120) ?? '', round: own.round, state: own.state },
    software: own.adapter?.software ?? false,
    tokensPerSecond: own.tokensPerSecond,
    member: own.peers.some((peer) => peer.self && peer.member),
  };
  return [self, ...view.presences.filter(({ id }) => id !== own.self)];
}

/** Members after a record, as its line of the ledger says, or as many as say that they are; undefined where nobody does. */
function membersAt({ round }: RecordSummary, { view, volunteer }: Seen): number | undefined {
  const line = volunteer?.ledger.findLast((one) => one.round === round);
  const announced = view.presences.filter(({ member }) => member).length;
  return line?.members ?? (announced === 0 ? undefined : announced);
}

function isNews(a: RecordedPresence, b: RecordedPresence): boolean {
  if (a.doing !== b.doing || a.member !== b.member) return true;
  const [before, after] = [a.tokensPerSecond, b.tokensPerSecond];
  if (before === undefined || after === undefined) return before !== after;
  return Math.abs(after - before) > noticeable * Math.max(before, 1);
}

function pastOf(curve: readonly CurvePoint[], before: number): readonly CurvePoint[] {
  let last = -1;
  const ascending = curve.filter(({ round }) => {
    const moves = round > last && round < before;
    if (moves) last = round;
    return moves;
  });
  return ascending.slice(-most.past);
}

/** The first stays, for it shows how all began. */
function thinned<T>(list: T[], longest: number): T[] {
  if (list.length <= longest) return list;
  const half = Math.floor(list.length / 2);
  return list.filter((_, index) => index >= half || index % 2 === 0);
}
