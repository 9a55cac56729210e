import type { Digest, PeerId } from '../base/ids.ts';
import { contextWindow, isQuorum, type ChainContext } from './chain-context.ts';
import { absencesAllowed, isTakeover, leavesOf, type ChainRecord, type Member } from './membership.ts';
import { limits } from './protocol.ts';

/** What the rules of a run leave open. */
export interface ChainRules {
  readonly run: Digest;
  readonly founder: PeerId;
  /** Strangers may join: two thirds make a quorum, and only the founder may change the epoch. */
  readonly open: boolean;
  /** Unfinal rounds after which the members that remain may go on as an epoch of their own. */
  readonly epochAfter: number;
}

/** How far back a chain is known from its tip. */
export interface Ancestry {
  /** The record of `round` on the chain that ends in the parent; undefined where that is no longer known. */
  readonly digestAt: (round: number) => Digest | undefined;
  readonly contextAt: (round: number) => ChainContext | undefined;
}

/**
 * So many memberships since the final round that no record but one that must may make another: a certificate has to satisfy each
 * of them.
 */
export const isCrowded = ({ electorates }: ChainContext): boolean => electorates.length >= limits.electorates;

/**
 * Why a record cannot follow its parent, as a short stable reason; undefined if it can. Signatures are verified elsewhere
 * (judge-record.ts); everything else that makes a record valid stands here.
 */
export function recordProblem(
  rules: ChainRules,
  parent: ChainContext,
  ancestry: Ancestry,
  record: ChainRecord,
): string | undefined {
  if (record.round !== parent.round + 1) return 'record-wrong-round';
  if (record.parent !== parent.record) return 'record-other-parent';
  const { members } = parent;
  const ids = new Set(members.map(({ id }) => id));
  if (!ids.has(record.leader) && !isTakeover(members, record)) return 'record-leader-not-a-member';
  if (record.authors.length > 0 !== (record.bodies !== undefined)) return 'record-bodies';
  if (!record.authors.every((author) => ids.has(author))) return 'record-names-a-stranger';
  const leaves = leavesOf(record);
  if (!leaves.every((peer) => ids.has(peer))) return 'record-leaves-a-stranger';
  if (new Set(leaves).size !== leaves.length) return 'record-leaves-twice';
  if (!isTakeover(members, record) && record.absent.some((peer) => !wasAbsent(members, peer)))
    return 'record-leaves-the-present';
  // Who says goodbye and thinks better of it may come back by the same record, as a new member.
  const saidGoodbye = new Set(record.goodbyes.map(({ author }) => author));
  if (record.joins.some((peer) => ids.has(peer) && !saidGoodbye.has(peer))) return 'record-joins-a-member';
  if (new Set(record.joins).size !== record.joins.length) return 'record-joins-twice';
  const after = ids.size - leaves.length + record.joins.length;
  if (after < 1) return 'record-leaves-nobody';
  if (after > limits.members) return 'record-too-many-members';
  const changes = leaves.length + record.joins.length > 0;
  const needed = record.epochChange || isTakeover(members, record);
  if (isCrowded(parent) && changes && !needed) return 'record-too-many-changes';
  return (
    goodbyeProblem(parent, ancestry, record) ??
    certificateProblem(rules, parent, ancestry, record) ??
    epochProblem(rules, parent, record) ??
    snapshotProblem(parent, record)
  );
}

/** Whether a member may be listed as gone without its word: no leader alone decides that. */
export const wasAbsent = (members: readonly Member[], peer: PeerId): boolean =>
  (members.find(({ id }) => id === peer)?.missed ?? 0) >= absencesAllowed;

/**
 * A goodbye takes its author out of every electorate, so the chain must hold what the author confirmed last: else two
 * chains could each count as decided what the other's leavers had decided otherwise.
 */
function goodbyeProblem(
  { members, round: parentRound, final }: ChainContext,
  { digestAt }: Ancestry,
  { goodbyes }: ChainRecord,
): string | undefined {
  for (const { author, joined, round, record } of goodbyes) {
    if (members.find(({ id }) => id === author)?.joinedRound !== joined) return 'record-goodbye-stale';
    // Every replica must be able to look, however late it came.
    if (round < Math.max(final, parentRound - contextWindow + 1)) return 'record-goodbye-stale';
    if (round > parentRound || digestAt(round) !== record) return 'record-goodbye-off-chain';
  }
  return undefined;
}

function certificateProblem(
  { open }: ChainRules,
  parent: ChainContext,
  { contextAt }: Ancestry,
  { certificate }: ChainRecord,
): string | undefined {
  if (certificate === undefined) return undefined;
  const { round, votes } = certificate;
  if (round <= parent.certified || round > parent.round || round < parent.round - contextWindow + 1)
    return 'record-certificate-round';
  const context = contextAt(round);
  if (context?.record !== certificate.record) return 'record-certificate-off-chain';
  const voters = new Set(votes.map(({ peer }) => peer));
  if (voters.size !== votes.length) return 'record-certificate-twice';
  return isQuorum(context.ballot, voters, open) ? undefined : 'record-certificate-short';
}

function epochProblem(
  { founder, open, epochAfter }: ChainRules,
  { round, final, epoch }: ChainContext,
  { epochChange, leader }: ChainRecord,
): string | undefined {
  if (!epochChange) return undefined;
  if (round - final < epochAfter || epoch >= limits.epoch) return 'record-epoch-early';
  return open && leader !== founder ? 'record-epoch-not-the-founder' : undefined;
}

const snapshotProblem = ({ round, snapshot }: ChainContext, record: ChainRecord): string | undefined =>
  record.snapshot !== undefined &&
  (record.snapshot.round > round || record.snapshot.round <= (snapshot?.round ?? -1))
    ? 'record-snapshot-round'
    : undefined;

/** The same for record 0. `initialState`: the state of our replica before any record. */
export function genesisProblem(
  { run, founder }: ChainRules,
  initialState: string,
  record: ChainRecord,
): string | undefined {
  if (record.round !== 0) return 'record-wrong-round';
  if (record.parent !== run) return 'record-other-parent';
  if (record.leader !== founder) return 'record-leader-not-a-member';
  if (record.authors.length > 0 || record.bodies !== undefined) return 'record-names-a-stranger';
  if (leavesOf(record).length > 0) return 'record-leaves-a-stranger';
  if (new Set(record.joins).size !== record.joins.length) return 'record-joins-twice';
  if (!record.joins.includes(founder)) return 'record-leaves-nobody';
  if (record.certificate !== undefined || record.snapshot !== undefined || record.epochChange)
    return 'record-wrong-round';
  if (record.parentState !== initialState) return 'record-other-initial-state';
  return undefined;
}
