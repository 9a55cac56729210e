import type { PeerTiming, RoundTiming, Timeline } from '../../volunteer/status.ts';

export const roundPhases = ['compute', 'share', 'agree', 'apply'] as const;
export type RoundPhase = (typeof roundPhases)[number];

export interface Segment {
  readonly phase: RoundPhase;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A volunteer in a round, as far as this tab saw it. */
export interface PhaseRow {
  readonly id: string;
  readonly self: boolean;
  readonly segments: readonly Segment[];
  /** `late`: its contribution came after the record; `missing`: none came; `uncounted`: it came in time and is not counted. */
  readonly fate: 'open' | 'counted' | 'late' | 'missing' | 'uncounted';
}

/** Who waited longest in a decided round, for whom. */
export interface RoundWait {
  /** Whose contribution came last of those that count. */
  readonly last: string;
  /** Whose came first, and how long it waited for the last. */
  readonly first: string;
  readonly longestMs: number;
  /** How long this volunteer waited; undefined where it did not contribute. */
  readonly ownMs: number | undefined;
}

export interface RoundSpan {
  readonly round: number;
  readonly fromMs: number;
  /** When its record was here with all it counts; while it is in progress, now. */
  readonly toMs: number;
  readonly open: boolean;
  readonly leader: string | undefined;
  readonly rows: readonly PhaseRow[];
  /** Undefined where fewer than two contributed, or it is not decided. */
  readonly wait: RoundWait | undefined;
}

/** The newest rounds, oldest first, with the phases of each volunteer in them. Times are those of the timeline. */
export function roundSpans({ rounds, nowMs }: Timeline, self: string, limit: number): readonly RoundSpan[] {
  /** Until when a volunteer was seen at work for an earlier round. */
  const busyUntil = new Map<string, number>();
  const spans = rounds.flatMap((timing, index) => {
    const isNewestDecided = timing.agreedMs !== undefined && rounds[index + 1]?.agreedMs === undefined;
    const span = spanOf(timing, self, nowMs, isNewestDecided, busyUntil);
    return span === undefined ? [] : [span];
  });
  return spans.slice(-limit);
}

function spanOf(
  timing: RoundTiming,
  self: string,
  nowMs: number,
  isNewestDecided: boolean,
  busyUntil: Map<string, number>,
): RoundSpan | undefined {
  const { round, startMs, agreedMs, appliedMs, peers, leader } = timing;
  const rows = peers.map((peer): PhaseRow => {
    const own = peer.id === self;
    const from = Math.max(startMs ?? Infinity, busyUntil.get(peer.id) ?? -Infinity);
    const applied = own ? (appliedMs ?? (isNewestDecided ? nowMs : undefined)) : peer.confirmMs;
    const segments = segmentsOf(peer, from, timing, nowMs, applied);
    const end = segments.at(-1)?.toMs;
    if (end !== undefined) busyUntil.set(peer.id, end);
    return { id: peer.id, self: own, segments, fate: fateOf(peer, agreedMs) };
  });
  // Without a start there is nothing to draw: this volunteer came in the middle of it, or it is the one the run begins with.
  if (startMs === undefined) return undefined;
  const toMs = agreedMs ?? Math.max(nowMs, startMs);
  return {
    round,
    fromMs: startMs,
    toMs,
    open: agreedMs === undefined,
    leader,
    rows,
    wait: waitOf(timing, self),
  };
}

function segmentsOf(
  { contributionMs, counted }: PeerTiming,
  fromMs: number,
  timing: RoundTiming,
  nowMs: number,
  appliedMs: number | undefined,
): Segment[] {
  const { agreedMs } = timing;
  const segments: Segment[] = [];
  const add = (phase: RoundPhase, from: number, to: number): void => {
    if (to > from && Number.isFinite(from)) segments.push({ phase, fromMs: from, toMs: to });
  };
  if (contributionMs === undefined) {
    if (agreedMs === undefined) add('compute', fromMs, nowMs);
  } else {
    add('compute', fromMs, contributionMs);
    const decided = agreedMs ?? nowMs;
    const shared = Math.min(allHereMs(timing) ?? Infinity, decided);
    add('share', contributionMs, shared);
    add('agree', Math.max(contributionMs, shared), decided);
  }
  // One whose contribution came after the record was still at it then.
  const isLate = counted === false && (contributionMs ?? 0) > (agreedMs ?? Infinity);
  if (agreedMs !== undefined && appliedMs !== undefined)
    add('apply', isLate ? (contributionMs ?? agreedMs) : agreedMs, appliedMs);
  return segments;
}

/** When the last contribution that matters was here: of those that count, or of everyone's while nothing is decided. */
function allHereMs({ agreedMs, peers }: RoundTiming): number | undefined {
  const awaited = peers.filter(({ counted }) => agreedMs === undefined || counted === true);
  const times = awaited.flatMap(({ contributionMs }) => contributionMs ?? []);
  if (times.length === 0 || (agreedMs === undefined && times.length < awaited.length)) return undefined;
  return Math.max(...times);
}

function fateOf({ contributionMs, counted }: PeerTiming, agreedMs: number | undefined): PhaseRow['fate'] {
  if (agreedMs === undefined) return 'open';
  if (counted === true) return 'counted';
  if (contributionMs === undefined) return 'missing';
  return contributionMs > agreedMs ? 'late' : 'uncounted';
}

function waitOf({ agreedMs, peers }: RoundTiming, self: string): RoundWait | undefined {
  if (agreedMs === undefined) return undefined;
  const came = peers
    .flatMap(({ id, contributionMs, counted }) =>
      counted === true && contributionMs !== undefined ? [{ id, atMs: contributionMs }] : [],
    )
    .sort((a, b) => a.atMs - b.atMs);
  const [first, last] = [came[0], came.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const own = came.find(({ id }) => id === self);
  return {
    last: last.id,
    first: first.id,
    longestMs: last.atMs - first.atMs,
    ownMs: own && last.atMs - own.atMs,
  };
}

/** How long each phase of a row took; undefined where it was not seen. */
export function phaseLengths({ segments }: PhaseRow): Readonly<Record<RoundPhase, number | undefined>> {
  const of = (phase: RoundPhase): number | undefined => {
    const found = segments.filter((segment) => segment.phase === phase);
    return found.length === 0 ? undefined : found.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  };
  return { compute: of('compute'), share: of('share'), agree: of('agree'), apply: of('apply') };
}

/** Everyone in these rounds: this volunteer first, the others by id. */
export function rowIds(spans: readonly RoundSpan[]): readonly string[] {
  const rows = spans.flatMap((span) => span.rows);
  const selves = new Set(rows.flatMap(({ id, self }) => (self ? [id] : [])));
  const others = new Set(rows.flatMap(({ id, self }) => (self ? [] : [id])));
  return [...selves, ...[...others].sort()];
}

/** As many of them as there is room for, in the same order: this volunteer, then those who were waited for, then the first. */
export function rowsWithRoom(spans: readonly RoundSpan[], most: number): readonly string[] {
  const ids = rowIds(spans);
  if (ids.length <= most) return ids;
  const self = ids.filter((id) => spans.some(({ rows }) => rows.some((row) => row.self && row.id === id)));
  const awaited = spans.toReversed().flatMap(({ wait }) => (wait === undefined ? [] : [wait.last]));
  const late = spans.flatMap(({ rows }) => rows.flatMap(({ id, fate }) => (fate === 'late' ? [id] : [])));
  const chosen = new Set([...new Set([...self, ...awaited, ...late, ...ids])].slice(0, most));
  return ids.filter((id) => chosen.has(id));
}
