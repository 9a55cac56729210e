import type { PeerId } from '../base/ids.ts';
import type { Announcements, Presence } from '../swarm/announcements.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';

/** How long a newcomer listens for a run, from the moment the server is reached, before it starts one. */
const listenMs = 5_000;
/** How long a page that reaches no server, or whose document does not arrive, tries. */
const longestListenMs = 12_000;
/** A run in which nobody else takes part is given up for another announced in the room only this early. */
const youngRounds = 20;

/**
 * Whether someone here can let others into the run: whoever has rounds of it (a pause changes nothing), its members, and its
 * founder before record 0. Those who themselves wait to be let in do not count, or two that lost their run would wait for
 * each other.
 */
export const isHeld = (founder: PeerId, presences: readonly Presence[]): boolean =>
  presences.some(
    ({ id, member, round, state }) => member || round > 0 || id === founder || state === 'finished',
  );

/** Decides when a newcomer has listened long enough to know that the room has no run. */
export class Listening {
  readonly #sinceMs: number;
  #reachedMs: number | undefined;

  /** `serverReachedMs`: since when the page has been reaching the server, if it already did when Join was pressed. */
  constructor(sinceMs: number, serverReachedMs: number | undefined) {
    this.#sinceMs = sinceMs;
    this.#reachedMs = serverReachedMs;
  }

  isEnough(
    { signaling, connected, synced }: Pick<Announcements, 'signaling' | 'connected' | 'synced'>,
    nowMs: number,
  ): boolean {
    if (nowMs - this.#sinceMs >= longestListenMs) return true;
    if (!signaling || (connected && !synced)) return false;
    this.#reachedMs ??= nowMs;
    return nowMs - this.#reachedMs >= listenMs;
  }
}

/**
 * What a volunteer does when its room announces another run than its own. Two that pressed Join at the same moment each
 * started one: the document keeps one, and who has hardly begun follows it. One that came before it could hear of a run under
 * way has announced its own over that: a member of the older run then announces that run again.
 */
export function answerToAnotherRun(volunteer: VolunteerStatus | undefined): 'follow' | 'insist' | 'ignore' {
  const members = volunteer?.members ?? 0;
  if (volunteer === undefined || (members <= 1 && volunteer.round <= youngRounds)) return 'follow';
  return volunteer.peers.some(({ self, member }) => self && member) ? 'insist' : 'ignore';
}
