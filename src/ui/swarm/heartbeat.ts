import type { RoundTiming, Timeline } from '../../volunteer/status.ts';

/** A round agreed on, as a beat: how far along the trace it stands, from 0 (oldest in sight) to 1 (now). */
export interface Beat {
  readonly round: number;
  readonly at: number;
}

export interface Heartbeat {
  readonly beats: readonly Beat[];
  /** Since the newest beat, ms; undefined before the first. */
  readonly sinceMs: number | undefined;
}

/** The trace is at least so long, ms: a beat in it has room. */
const shortestMs = 1_000;

/** The rounds in sight as beats along the time from the oldest to now. */
export function heartbeatOf({ rounds, nowMs }: Timeline): Heartbeat {
  const agreed = rounds.filter(
    (one): one is RoundTiming & { agreedMs: number } => one.agreedMs !== undefined,
  );
  const [oldest, newest] = [agreed[0], agreed.at(-1)];
  if (oldest === undefined || newest === undefined) return { beats: [], sinceMs: undefined };
  const length = Math.max(shortestMs, nowMs - oldest.agreedMs) * 1.06; // the oldest beat begins inside
  const at = (ms: number): number => Math.max(0, Math.min(1, 1 - (nowMs - ms) / length));
  return {
    beats: agreed.map(({ round, agreedMs }) => ({ round, at: at(agreedMs) })),
    sinceMs: Math.max(0, nowMs - newest.agreedMs),
  };
}

/** The trace as the points of a line, in a box `width` wide and `height` high: flat, and up and down at each beat. */
export function tracePoints({ beats }: Heartbeat, width: number, height: number): string {
  const middle = 0.62 * height;
  const shape = [
    [-5, 0],
    [-2, 0.5],
    [1, -0.3],
    [4, 0],
  ] as const;
  const points: [number, number][] = [[0, middle]];
  for (const { at } of beats)
    for (const [dx, up] of shape) {
      const x = Math.max(points.at(-1)?.[0] ?? 0, Math.min(width, at * width + dx));
      points.push([x, middle - up * height]);
    }
  points.push([width, middle]);
  return points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
}
