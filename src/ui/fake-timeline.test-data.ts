import type { PeerId } from '../base/ids.ts';
import type { PeerStatus, RoundTiming, Timeline } from '../volunteer/status.ts';
import { fakePeer } from './fake-snapshot.test-data.ts';

/** Rounds up to `newest`, the last one in progress: the second of `ids` is slow, and the third once too late. */
export function fakeTimeline(ids: readonly string[], newest: number): Timeline {
  const rounds: RoundTiming[] = [];
  let startMs = 100_000;
  for (let round = newest - 8; round <= newest; round++) {
    const open = round === newest;
    const late = round === newest - 3 ? ids[2] : undefined;
    const needs = (n: number): number =>
      (n === 1 ? 2_600 : 900 + 130 * ((n + round) % 5)) + (n === 0 ? 300 : 0);
    const lastMs = startMs + Math.max(...ids.map((_, n) => needs(n)));
    const agreedMs = lastMs + 180;
    rounds.push({
      round,
      startMs,
      leader: open ? undefined : (ids[round % ids.length] as PeerId),
      recordMs: open ? undefined : agreedMs - 20,
      agreedMs: open ? undefined : agreedMs,
      appliedMs: open ? undefined : agreedMs + 150,
      peers: ids.map((id, n) => ({
        id: id as PeerId,
        contributionMs: open && n === 1 ? undefined : id === late ? agreedMs + 500 : startMs + needs(n),
        haveMs: undefined,
        confirmMs: open || (n + round) % 3 === 0 ? undefined : agreedMs + 190,
        counted: open ? undefined : id !== late,
      })),
    });
    startMs = agreedMs;
  }
  const last = rounds.at(-1);
  return { nowMs: (last?.startMs ?? 0) + 1_900, rounds };
}

/** So many volunteers, the first of them this one, the third the leader, every ninth only watching. */
export const fakeCrowd = (count: number, first: string): PeerStatus[] =>
  Array.from({ length: count }, (_, n) => {
    const id = n === 0 ? first : ((n * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(4);
    return fakePeer(id, {
      self: n === 0,
      leader: n === 2,
      member: n === 0 || n % 9 !== 0,
      adapter: 'a GPU',
      tokensPerSecond: 800 + 170 * (n % 11),
      link: n === 0 ? undefined : fakeLink(n),
    });
  });

export const fakeLink = (n: number): NonNullable<PeerStatus['link']> => ({
  rttMs: n % 7 === 6 ? undefined : [1.4, 18, 42, 95, 180, 7][n % 6],
  bytesUp: 240_000 + 91_000 * (n % 8),
  bytesDown: 410_000 + 37_000 * (n % 5),
});
