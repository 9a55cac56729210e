import type { PeerId } from '../base/ids.ts';
import { isCrowded, wasAbsent } from './ledger-rules.ts';
import { limits } from './protocol.ts';
import { emptyDraft, partings, validGoodbye } from './record-draft.ts';
import { takeover } from './round-takeover.ts';
import { newestCertificate } from './round-vote.ts';
import {
  currentRound,
  deadlineOf,
  headContext,
  isGone,
  isMember,
  leadersInTurn,
  turnBegins,
  type RecordDraft,
  type RoundState,
} from './round-state.ts';
import type { CountedContribution } from './swarm-api.ts';

/** The record this volunteer should sign now, or undefined. */
export function proposal(state: RoundState, nowMs: number): RecordDraft | undefined {
  if (state.proposedRound >= currentRound(state) || state.unchecked) return undefined;
  if (state.mode === 'entering') return genesis(state);
  return state.mode === 'following' ? (next(state, nowMs) ?? takeover(state, nowMs)) : undefined;
}

/**
 * Record 0, once the founder is linked to enough peers that want to be members. Who has never signed it knows that there is no run,
 * whatever peers say.
 */
function genesis(state: RoundState): RecordDraft | undefined {
  const { self, publicKey, founder, mayFound, minMembers } = state.settings;
  if (self !== founder || !mayFound || state.initialState === undefined) return undefined;
  const linked = [...state.links].filter(([, link]) => link.up);
  const members = new Map([[self, publicKey]]);
  for (const [peer, link] of linked) {
    if (link.wantsMembership && link.publicKey !== undefined) members.set(peer, link.publicKey);
  }
  if (members.size < minMembers) return undefined;
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, limits.members);
  return {
    ...emptyDraft(state, state.initialState),
    joins: sorted.map(([peer]) => peer),
    joinKeys: sorted.map(([, key]) => key),
  };
}

function next(state: RoundState, nowMs: number): RecordDraft | undefined {
  const { head, applied } = state;
  const { self } = state.settings;
  if (head === undefined || applied?.round !== head.round || !isMember(state, self)) return undefined;
  if (anotherRecordExists(state, nowMs)) return undefined;
  const first = leadersInTurn(state, nowMs)[0] === self;
  if (!first && nowMs < turnBegins(state, self, nowMs)) return undefined;

  const active = state.members.map(({ id }) => id).filter((id) => !isGone(state, id, nowMs));
  const contributions = heldContributions(state, active);
  const authors = new Set(contributions.map(({ author }) => author));
  const everyone = active.length > 0 && active.every((id) => authors.has(id));
  if (!everyone) {
    // Alone, a volunteer waits for its own contribution however long that takes, unless it is leaving.
    const alone = active.every((id) => id === self);
    const handOver = active.length === 0 && (contributions.length > 0 || listedJoins(state).length > 0);
    if (alone ? !handOver : nowMs < deadlineOf(state)) return undefined;
  }
  const context = headContext(state);
  const epochChange = mayChangeEpoch(state);
  // Whoever would come or go waits until something is final, or the epoch changes.
  const stays = context !== undefined && isCrowded(context) && !epochChange;
  const joins = stays ? [] : listedJoins(state);
  const leaving = stays ? [] : listedLeaves(state, authors, joins.length);
  const certificate = newestCertificate(state);
  return {
    ...emptyDraft(state, applied.state),
    authors: contributions.map(({ author }) => author),
    named: contributions.map(({ digest }) => digest),
    joins: joins.map(([peer]) => peer),
    joinKeys: joins.map(([, key]) => key),
    ...partings(state, leaving),
    certificate,
    certifiedContext: certificate && state.nodes.get(certificate.record)?.context,
    snapshot: nameableSnapshot(state),
    epochChange,
  };
}

/** A linked member stands on a record of this round: it is on its way to us, and a second one would part us. */
function anotherRecordExists(state: RoundState, nowMs: number): boolean {
  const round = currentRound(state);
  // Asked for twice in vain, or past the deadline, it is no more than a word.
  if (nowMs >= deadlineOf(state) || (state.pull?.asked ?? 0) >= 2) return false;
  return [...state.stands].some(
    ([peer, stand]) =>
      peer !== state.settings.self &&
      stand.round === round &&
      state.nodes.get(stand.record) === undefined &&
      state.links.get(peer)?.up === true &&
      state.links.get(peer)?.foreign !== true &&
      isMember(state, peer),
  );
}

/** Our newest snapshot, if our chain holds its record and names none as new. */
function nameableSnapshot({ snapshot, trail, nodes, head }: RoundState): RecordDraft['snapshot'] {
  if (snapshot === undefined || head === undefined || trail.get(snapshot.round) !== snapshot.record)
    return undefined;
  const named = nodes.get(head.digest)?.context.snapshot?.round ?? -1;
  return snapshot.round > named && snapshot.round <= head.round
    ? { round: snapshot.round, root: snapshot.root }
    : undefined;
}

/** After so many unfinal rounds those who remain go on without the majority that has vanished (ledger-rules.ts). */
function mayChangeEpoch(state: RoundState): boolean {
  const context = headContext(state);
  const { open, founder, self, epochAfter } = state.settings;
  if (context === undefined || (open && founder !== self)) return false;
  return context.round - context.final >= epochAfter;
}

/** Each author's first contribution, if at least min(2, active members) of the active ones hold it. By author. */
function heldContributions(state: RoundState, active: readonly PeerId[]): CountedContribution[] {
  const needed = Math.min(2, active.length);
  return state.members
    .flatMap(({ id: author }) => {
      const digest = state.byAuthor.get(author);
      if (digest === undefined) return [];
      const pooled = state.pool.get(digest);
      if (pooled === undefined) return [];
      const held = active.filter((id) => pooled.holders.has(id)).length;
      return held >= needed ? [pooled.counted] : [];
    })
    .sort((a, b) => (a.author < b.author ? -1 : 1));
}

const listedJoins = (state: RoundState): (readonly [PeerId, RoundState['settings']['publicKey']])[] =>
  [...state.joins]
    .filter(
      ([peer]) =>
        (peer === state.settings.self || state.links.get(peer)?.up === true) &&
        (!isMember(state, peer) || validGoodbye(state, peer) !== undefined),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, limits.members - state.members.length);

/** Who said goodbye, or was absent too often. Never everyone. */
function listedLeaves(state: RoundState, authors: ReadonlySet<PeerId>, joining: number): readonly PeerId[] {
  const { self } = state.settings;
  const leaves = state.members.flatMap(({ id }) => {
    if (validGoodbye(state, id) !== undefined) return [id];
    return id !== self && !authors.has(id) && wasAbsent(state.members, id) ? [id] : [];
  });
  return leaves.length === state.members.length && joining === 0
    ? leaves.filter((id) => id !== self)
    : leaves;
}
