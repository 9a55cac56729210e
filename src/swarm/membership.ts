import type { Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { hashWords } from '../base/random.ts';
import type { Goodbye, SnapshotName } from './protocol.ts';

/** Confirms of an ancestor that a record carries. */
export interface Certificate {
  readonly round: number;
  readonly record: Digest;
  /** The state they agree on, 32 hex digits. */
  readonly state: string;
  readonly votes: readonly { readonly peer: PeerId; readonly clean: boolean; readonly signature: Bytes }[];
  /** Members that could have confirmed it. */
  readonly of: number;
}

/** A record as the chain keeps it: a RecordMessage whose indices are resolved against its parent. */
export interface ChainRecord {
  readonly round: number;
  readonly parent: Digest;
  readonly digest: Digest;
  readonly leader: PeerId;
  readonly parentState: string;
  /** Whose contributions count, sorted. */
  readonly authors: readonly PeerId[];
  /** SHA-256 over their digests in that order. */
  readonly bodies: Digest | undefined;
  readonly joins: readonly PeerId[];
  /** `joinKeys[i]` is the public key of `joins[i]`. */
  readonly joinKeys: readonly Bytes[];
  readonly goodbyes: readonly Goodbye[];
  readonly absent: readonly PeerId[];
  readonly certificate: Certificate | undefined;
  readonly snapshot: SnapshotName | undefined;
  readonly epochChange: boolean;
}

export const leavesOf = ({
  goodbyes,
  absent,
}: Pick<ChainRecord, 'goodbyes' | 'absent'>): readonly PeerId[] => [
  ...goodbyes.map(({ author }) => author),
  ...absent,
];

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
  const gone = new Set(leavesOf(record));
  const present = new Set(record.authors);
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

function wordsOf(hex: string): number[] {
  const words: number[] = [];
  for (let at = 0; at + 8 <= hex.length; at += 8) words.push(parseInt(hex.slice(at, at + 8), 16));
  return words;
}

/**
 * Leader ranks of a round, best first: members ordered by hash(parent digest, round, id), the same at every replica.
 * The hash is not cryptographic: a leader could search for a record that makes it lead again. What that would gain is
 * bounded by what a leader may do at all: certificates, not leaders, decide.
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
  const leaves = new Set(leavesOf(record));
  return (
    record.round > 0 &&
    record.authors.length === 0 &&
    record.joins.includes(record.leader) &&
    members.every(({ id }) => id !== record.leader && leaves.has(id))
  );
}
