import type { Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { hashWords } from '../base/random.ts';
import { limits } from './protocol.ts';
import type { RoundRecord } from './swarm-api.ts';

/** A record as the chain keeps it: `joinKeys[i]` is the public key of `joins[i]`. */
export interface ChainRecord extends RoundRecord {
  readonly joinKeys: readonly Bytes[];
}

/** A member of the run after some record. Sorted by id wherever members stand in a list. */
export interface Member {
  readonly id: PeerId;
  readonly publicKey: Bytes;
  /** The record that lists its join. */
  readonly joinedRound: number;
  /** Records in a row that name contributions, but none of this member's. */
  readonly missed: number;
}

/** Missing this many records in a row, a member is listed as left by the next one. */
export const absencesAllowed = 3;

const byId = (a: { readonly id: PeerId }, b: { readonly id: PeerId }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

/**
 * Members after `record`. A record without contributions (an empty round) is nobody's absence, or a swarm whose
 * volunteers are all slow would end without members.
 */
export function membersAfter(members: readonly Member[], record: ChainRecord): readonly Member[] {
  const gone = new Set(record.leaves);
  const present = new Set(record.contributions.map((counted) => counted.author));
  const stay = members
    .filter((member) => !gone.has(member.id))
    .map((member) => ({
      ...member,
      missed: present.size === 0 ? member.missed : present.has(member.id) ? 0 : member.missed + 1,
    }));
  const come = record.joins.flatMap((id, i) => {
    const publicKey = record.joinKeys[i];
    return publicKey === undefined ? [] : [{ id, publicKey, joinedRound: record.round, missed: 0 }];
  });
  return [...stay, ...come].sort(byId);
}

const wordsOf = (hex: string): number[] =>
  Array.from({ length: hex.length / 8 }, (_, i) => parseInt(hex.slice(8 * i, 8 * i + 8), 16));

/**
 * Leader ranks of a round, best first: members ordered by hash(parent digest, round, id), the same at every replica.
 * The hash is not cryptographic: a leader could search for a record that makes it lead again. What that would gain is
 * bounded by what a leader may do at all, which the certificates of section 4 limit.
 */
export function rankMembers(
  parent: Digest,
  round: number,
  members: readonly Pick<Member, 'id'>[],
): readonly PeerId[] {
  const seed = wordsOf(parent);
  return members
    .map(({ id }) => ({ id, rank: hashWords(...seed, round, ...wordsOf(id)) }))
    .sort((a, b) => a.rank - b.rank || byId(a, b))
    .map(({ id }) => id);
}

/**
 * A record by which a follower takes over where every member has gone: all of them leave, its signer joins, nothing
 * counts. Whether they have gone is for each replica to judge.
 */
export function isTakeover(members: readonly Pick<Member, 'id'>[], record: ChainRecord): boolean {
  const leaves = new Set(record.leaves);
  return (
    record.round > 0 &&
    record.contributions.length === 0 &&
    record.joins.includes(record.leader) &&
    members.every(({ id }) => id !== record.leader && leaves.has(id))
  );
}

/** Why a correctly signed record cannot follow its parent, as a short stable reason; undefined if it can. */
export function recordProblem(
  parent: { readonly round: number; readonly digest: Digest },
  members: readonly Member[],
  record: ChainRecord,
): string | undefined {
  if (record.round !== parent.round + 1) return 'record-wrong-round';
  if (record.parent !== parent.digest) return 'record-other-parent';
  const ids = new Set(members.map(({ id }) => id));
  if (!ids.has(record.leader) && !isTakeover(members, record)) return 'record-leader-not-a-member';
  const authors = record.contributions.map(({ author }) => author);
  if (!authors.every((author) => ids.has(author))) return 'record-names-a-stranger';
  if (new Set(authors).size !== authors.length) return 'record-names-twice';
  if (!record.leaves.every((peer) => ids.has(peer))) return 'record-leaves-a-stranger';
  if (new Set(record.leaves).size !== record.leaves.length) return 'record-leaves-twice';
  if (record.joins.some((peer) => ids.has(peer))) return 'record-joins-a-member';
  if (new Set(record.joins).size !== record.joins.length) return 'record-joins-twice';
  const after = ids.size - record.leaves.length + record.joins.length;
  if (after < 1) return 'record-leaves-nobody';
  if (after > limits.members) return 'record-too-many-members';
  return undefined;
}

/** The same for record 0, which the founder signs. `initialState`: the state of our replica before any record. */
export function genesisProblem(
  run: Digest,
  founder: PeerId,
  initialState: string,
  record: ChainRecord,
): string | undefined {
  if (record.round !== 0) return 'record-wrong-round';
  if (record.parent !== run) return 'record-other-parent';
  if (record.leader !== founder) return 'record-leader-not-a-member';
  if (record.contributions.length > 0) return 'record-names-a-stranger';
  if (record.leaves.length > 0) return 'record-leaves-a-stranger';
  if (new Set(record.joins).size !== record.joins.length) return 'record-joins-twice';
  if (!record.joins.includes(founder)) return 'record-leaves-nobody';
  if (record.parentState !== initialState) return 'record-other-initial-state';
  return undefined;
}
