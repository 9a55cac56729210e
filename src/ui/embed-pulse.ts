import type { RecordSummary, RoundTiming, Timeline } from '../volunteer/status.ts';

/** The rounds that a page heard of as they were agreed on, by its own clock: what was there when it came has no time. */
export interface Pulse {
  /** The newest round known; undefined before the first. */
  readonly newest: number | undefined;
  /** Oldest first. */
  readonly beats: readonly { readonly round: number; readonly atMs: number }[];
}

export const noPulse: Pulse = { newest: undefined, beats: [] };

/** As many as a trace has room for. */
const mostBeats = 16;

/** The pulse with what is newly announced; the same object where nothing is. A round that is lower begins anew: another run. */
export function felt(pulse: Pulse, records: readonly RecordSummary[], nowMs: number): Pulse {
  const newest = records.at(-1)?.round;
  if (newest === undefined || newest === pulse.newest) return pulse;
  if (pulse.newest === undefined || newest < pulse.newest) return { newest, beats: [] };
  const before = pulse.newest;
  const came = records.filter(({ round }) => round > before).map(({ round }) => ({ round, atMs: nowMs }));
  return { newest, beats: [...pulse.beats, ...came].slice(-mostBeats) };
}

/** As the timeline that a heartbeat is drawn of. */
export const timelineOf = ({ beats }: Pulse, nowMs: number): Timeline => ({
  nowMs,
  rounds: beats.map(({ round, atMs }): RoundTiming => ({
    ...{ round, agreedMs: atMs, recordMs: atMs, startMs: undefined, appliedMs: undefined },
    ...{ leader: undefined, peers: [] },
  })),
});
