/** Where a replay stands. */
export interface Playback {
  readonly atMs: number;
  readonly isPlaying: boolean;
  /** Times as fast as it happened; one of `speeds`. */
  readonly speed: number;
}

export const speeds = [1, 4, 16, 64] as const;

/** A recording should be over while one still wants to watch. */
const longestMs = 75_000;

/** The slowest speed at which a recording is over in about a minute. */
export const usualSpeed = (lengthMs: number): number =>
  speeds.find((speed) => lengthMs / speed <= longestMs) ?? speeds[speeds.length - 1];

/** After `elapsedMs` of the clock; stops at the end. The same object where nothing moves. */
export function advanced(playback: Playback, elapsedMs: number, lengthMs: number): Playback {
  if (!playback.isPlaying) return playback;
  const atMs = playback.atMs + Math.max(0, elapsedMs) * playback.speed;
  return atMs >= lengthMs ? { ...playback, atMs: lengthMs, isPlaying: false } : { ...playback, atMs };
}

/** Play or pause; from the end it begins again. */
export function toggled(playback: Playback, lengthMs: number): Playback {
  if (playback.isPlaying) return { ...playback, isPlaying: false };
  return { ...playback, isPlaying: true, atMs: playback.atMs >= lengthMs ? 0 : playback.atMs };
}
