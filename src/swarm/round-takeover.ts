import type { PeerId } from '../base/ids.ts';
import { rankMembers, type ChainRecord } from './membership.ts';
import { limits } from './protocol.ts';
import { emptyDraft, partings } from './record-draft.ts';
import { currentRound, isMember, type RecordDraft, type RoundState } from './round-state.ts';

/**
 * Takeover: when every member of the head record has gone, linked followers that want to be members go on from it (ADR
 * 0004). One of them signs the next record, without contributions, in which all old members leave and those followers join.
 */

/** Said goodbye, or out of sight for the time after which a member counts as vanished. Never ourselves unasked. */
export function hasGone(state: RoundState, peer: PeerId, nowMs: number): boolean {
  return state.leaves.has(peer) || isOutOfSight(state, peer, nowMs, state.settings.vanishedMs);
}

function isOutOfSight(state: RoundState, peer: PeerId, nowMs: number, forMs: number): boolean {
  if (peer === state.settings.self) return false;
  const link = state.links.get(peer);
  return link?.up !== true && nowMs - (link?.downSinceMs ?? 0) >= forMs;
}

/** Every member of the head record has gone, as we see it. */
export const isDeserted = (state: RoundState, nowMs: number): boolean =>
  state.members.length > 0 && state.members.every(({ id }) => hasGone(state, id, nowMs));

/** Followers that may take over: they want to be members and stand at the head. Best rank first, as for leaders. */
export function takeoverRanks(state: RoundState): readonly PeerId[] {
  const { head, settings, wanted } = state;
  if (head === undefined) return [];
  const linked = [...state.links].flatMap(([id, link]) =>
    link.up && link.wantsMembership && link.publicKey !== undefined && link.head >= head.round
      ? [{ id }]
      : [],
  );
  const all = wanted ? [{ id: settings.self }, ...linked] : linked;
  return rankMembers(
    head.digest,
    currentRound(state),
    all.filter(({ id }) => !isMember(state, id)),
  );
}

/**
 * From when `peer` may take over, undefined while a member is there. The grace lets what is on its way arrive: a leaving
 * member's own record, or another follower's wish. A member's record that still lacks a body is waited for longer.
 */
export function takeoverBegins(state: RoundState, peer: PeerId): number | undefined {
  const { graceMs, successionMs, vanishedMs } = state.settings;
  if (state.desertedSinceMs === undefined) return undefined;
  const ranks = takeoverRanks(state);
  const rank = ranks.indexOf(peer);
  const left = [...state.nodes.values()].some(
    ({ context, record }) =>
      context.parent === state.head?.digest && record !== undefined && isMember(state, record.leader),
  );
  const waitMs = (left ? vanishedMs : graceMs) + (rank < 0 ? ranks.length : rank) * successionMs;
  return state.desertedSinceMs + waitMs;
}

/** Our own takeover, if we want to be a member and it is our turn. */
export function takeover(state: RoundState, nowMs: number): RecordDraft | undefined {
  const { head, applied, members, links } = state;
  const { self, publicKey } = state.settings;
  if (head === undefined || applied?.round !== head.round || !state.wanted || isMember(state, self))
    return undefined;
  const begins = takeoverBegins(state, self);
  if (begins === undefined || nowMs < begins) return undefined;
  const others = takeoverRanks(state)
    .filter((peer) => peer !== self)
    .slice(0, limits.members - 1)
    .flatMap((peer) => {
      const key = links.get(peer)?.publicKey;
      return key === undefined ? [] : [{ peer, key }];
    });
  const joins = [{ peer: self, key: publicKey }, ...others].sort((a, b) => (a.peer < b.peer ? -1 : 1));
  return {
    ...emptyDraft(state, applied.state),
    joins: joins.map(({ peer }) => peer),
    joinKeys: joins.map(({ key }) => key),
    ...partings(
      state,
      members.map(({ id }) => id),
    ),
  };
}

/**
 * Whether a takeover may be accepted, by our own view of the links: every member has gone. Ranks only say who signs one
 * when: its signer stands on it already, and to refuse it for its rank would part us. A member that is linked but stands on the record (it came back after it, or left without our hearing it) does not
 * object. Where peers show later rounds the takeover is history: members that cannot be reached are not waited for, and one
 * that no longer holds the round cannot tell.
 */
export function mayTakeOver(
  state: RoundState,
  record: ChainRecord,
  shownBy: ReadonlySet<PeerId>,
  nowMs: number,
): boolean {
  const { graceMs, vanishedMs } = state.settings;
  const isHistory = [...state.links.values()].some(({ up, head }) => up && head > record.round);
  const standsOnIt = (peer: PeerId): boolean =>
    shownBy.has(peer) || state.stands.get(peer)?.record === record.digest;
  return state.members.every(
    ({ id }) =>
      state.leaves.has(id) ||
      standsOnIt(id) ||
      isOutOfSight(state, id, nowMs, isHistory ? graceMs : vanishedMs) ||
      (isHistory && (state.links.get(id)?.oldest ?? 0) > record.round),
  );
}
