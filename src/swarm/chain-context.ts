import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { publicKeyBytes } from './identity.ts';
import { membersAfter, type ChainRecord, type Member } from './membership.ts';
import { limits, type SnapshotName } from './protocol.ts';
import { malformed, readUint } from './varint.ts';

/** Who may vote, from some record on. Sorted by id. */
export interface Voter {
  readonly id: PeerId;
  readonly publicKey: Bytes;
}

/** The members as they were from record `since` on, less those that said goodbye later. */
export interface Electorate {
  readonly since: number;
  readonly voters: readonly Voter[];
}

/**
 * All that the chain up to one record says, and that later records are judged by: a pure function of the records, the same at
 * every replica that follows them. Who is a member, which record is certified and which is final stands here and nowhere else.
 */
export interface ChainContext {
  readonly round: number;
  readonly record: Digest;
  readonly parent: Digest;
  readonly members: readonly Member[];
  /** The newest round of this chain whose certificate a record of it carries. */
  readonly certified: number;
  /** The newest final round that follows from the certificates the chain carries. */
  readonly final: number;
  /** The electorates that must each reach a quorum on this very record. */
  readonly ballot: readonly Electorate[];
  /** Those that must on its children: one for each membership since the final round. Never empty. */
  readonly electorates: readonly Electorate[];
  /** How often the members went on without a vanished majority. */
  readonly epoch: number;
  /** The newest snapshot that the chain names. */
  readonly snapshot: SnapshotName | undefined;
}

/** How many confirms an electorate of `count` needs: more than half, or two thirds where strangers may join. */
export const quorumOf = (count: number, open: boolean): number =>
  count === 0 ? 0 : open ? Math.ceil((2 * count) / 3) : Math.floor(count / 2) + 1;

/** Whether `voters` hold a quorum of every electorate. */
export const isQuorum = (
  electorates: readonly Electorate[],
  voters: ReadonlySet<PeerId>,
  open: boolean,
): boolean =>
  electorates.every(
    (one) => one.voters.filter(({ id }) => voters.has(id)).length >= quorumOf(one.voters.length, open),
  );

const byId = (a: { readonly id: PeerId }, b: { readonly id: PeerId }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

/** Everyone who may confirm the record of a context, sorted by id: the order that certificates count in. */
export function votersOf({ ballot }: ChainContext): readonly Voter[] {
  if (ballot.length === 1) return ballot[0]?.voters ?? [];
  const all = new Map(ballot.flatMap(({ voters }) => voters.map((voter) => [voter.id, voter] as const)));
  return [...all.values()].sort(byId).slice(0, limits.members);
}

const votersAmong = (members: readonly Member[]): readonly Voter[] =>
  members.map(({ id, publicKey }) => ({ id, publicKey }));

const sameVoters = (a: readonly Voter[], b: readonly Voter[]): boolean =>
  a.length === b.length && a.every(({ id }, i) => id === b[i]?.id);

/** The context of record 0, which the founder signs and nobody else: certified and final by definition of the run. */
export function firstContext(record: ChainRecord): ChainContext {
  const members = membersAfter([], record);
  const electorates = [{ since: 0, voters: votersAmong(members) }];
  const { round, digest, parent } = record;
  return {
    ...{ round, record: digest, parent, members, ballot: electorates, electorates },
    ...{ certified: round, final: round, epoch: 0, snapshot: undefined },
  };
}

/**
 * The context after a valid record. `certifiedContext`: of the record that its certificate certifies. A record that is
 * certified by members that voted for nothing else since its newest certified ancestor makes that ancestor final (docs/protocol.md).
 */
export function contextAfter(
  parent: ChainContext,
  record: ChainRecord,
  certifiedContext: ChainContext | undefined,
  open: boolean,
): ChainContext {
  const members = membersAfter(parent.members, record);
  let { certified, final, electorates, epoch } = parent;
  if (record.certificate !== undefined && certifiedContext !== undefined) {
    certified = certifiedContext.round;
    const clean = new Set(record.certificate.votes.flatMap((vote) => (vote.clean ? [vote.peer] : [])));
    if (isQuorum(certifiedContext.ballot, clean, open)) final = Math.max(final, certifiedContext.certified);
  }
  // An electorate whose members were already others at the final round has had its last word.
  electorates = electorates.filter((_, i) => (electorates[i + 1]?.since ?? Infinity) > final);
  const gone = new Set(record.goodbyes.map(({ author }) => author));
  if (gone.size > 0)
    electorates = electorates.map(({ since, voters }) => ({
      since,
      voters: voters.filter(({ id }) => !gone.has(id)),
    }));
  const voters = votersAmong(members);
  if (record.epochChange) {
    electorates = [{ since: record.round, voters }];
    epoch++;
  } else if (!sameVoters(electorates.at(-1)?.voters ?? [], voters)) {
    electorates = [...electorates, { since: record.round, voters }];
  }
  return {
    ...{ round: record.round, record: record.digest, parent: record.parent, members },
    ...{ certified, final, ballot: parent.electorates, electorates, epoch },
    snapshot: record.snapshot ?? parent.snapshot,
  };
}

/** Rounds back from a record that its certificate may reach, and that a snapshot tells of. */
export const contextWindow = 64;

/** The contexts of one chain, oldest first, without a gap: what a latecomer needs to judge the records after the last. */
export function encodeContexts(contexts: readonly ChainContext[]): Bytes {
  const out = encoding.createEncoder();
  encoding.writeVarUint(out, contexts.length);
  for (const context of contexts) {
    encoding.writeVarUint(out, context.round);
    writeHex(out, context.record);
    writeHex(out, context.parent);
    encoding.writeVarUint(out, context.certified);
    encoding.writeVarUint(out, context.final);
    encoding.writeVarUint(out, context.epoch);
    encoding.writeVarUint(out, context.snapshot === undefined ? 0 : context.snapshot.round + 1);
    if (context.snapshot !== undefined) writeHex(out, context.snapshot.root);
    encoding.writeVarUint(out, context.members.length);
    for (const member of context.members) {
      writeHex(out, member.id);
      encoding.writeUint8Array(out, member.publicKey);
      encoding.writeVarUint(out, member.joinedRound);
      encoding.writeVarUint(out, member.missed);
    }
    for (const list of [context.ballot, context.electorates]) {
      encoding.writeVarUint(out, list.length);
      for (const { since, voters } of list) {
        encoding.writeVarUint(out, since);
        encoding.writeVarUint(out, voters.length);
        for (const voter of voters) {
          writeHex(out, voter.id);
          encoding.writeUint8Array(out, voter.publicKey);
        }
      }
    }
  }
  return encoding.toUint8Array(out);
}

/** Reads hostile bytes. Ids are not yet checked against their keys: see judge-snapshot.ts. */
export function decodeContexts(bytes: Bytes): Decoded<readonly ChainContext[]> {
  try {
    const input = decoding.createDecoder(bytes);
    const contexts = readList(input, contextWindow + 1, () => readContext(input));
    if (decoding.hasContent(input) || contexts.length === 0) return refused('snapshot-context');
    for (const [i, context] of contexts.entries()) {
      const before = contexts[i - 1];
      if (before !== undefined && (context.round !== before.round + 1 || context.parent !== before.record))
        return refused('snapshot-context');
      if (context.certified > context.round || context.final > context.certified)
        return refused('snapshot-context');
      if (context.members.length === 0 || context.electorates.length === 0 || context.ballot.length === 0)
        return refused('snapshot-context');
    }
    return accepted(contexts);
  } catch {
    return refused('snapshot-context');
  }
}

function readContext(input: decoding.Decoder): ChainContext {
  const round = readUint(input, limits.round);
  const record = readHex(input, 32) as Digest;
  const parent = readHex(input, 32) as Digest;
  const certified = readUint(input, limits.round);
  const final = readUint(input, limits.round);
  const epoch = readUint(input, limits.epoch);
  const named = readUint(input, limits.round + 1);
  const snapshot = named === 0 ? undefined : { round: named - 1, root: readHex(input, 32) as Digest };
  const members = sorted(
    readList(input, limits.members, () => ({
      id: readHex(input, 16) as PeerId,
      publicKey: readBytes(input, publicKeyBytes),
      joinedRound: readUint(input, limits.round),
      missed: readUint(input, limits.round),
    })),
  );
  const electorates = () =>
    readList(input, 2 * limits.electorates, () => ({
      since: readUint(input, limits.round),
      voters: sorted(
        readList(input, limits.members, () => ({
          id: readHex(input, 16) as PeerId,
          publicKey: readBytes(input, publicKeyBytes),
        })),
      ),
    }));
  const ballot = electorates();
  return {
    ...{ round, record, parent, members, certified, final, epoch, snapshot, ballot },
    electorates: electorates(),
  };
}

function sorted<T extends { readonly id: PeerId }>(list: T[]): T[] {
  for (let i = 1; i < list.length; i++) {
    const [before, one] = [list[i - 1], list[i]];
    if (before === undefined || one === undefined || before.id >= one.id) throw malformed;
  }
  return list;
}

function readList<T>(input: decoding.Decoder, most: number, item: () => T): T[] {
  return Array.from({ length: readUint(input, most) }, item);
}

function readBytes(input: decoding.Decoder, count: number): Bytes {
  if (input.arr.length - input.pos < count) throw malformed;
  return new Uint8Array(decoding.readUint8Array(input, count));
}

const readHex = (input: decoding.Decoder, count: number): string => toHex(readBytes(input, count));

function writeHex(out: encoding.Encoder, hex: string): void {
  const bytes = fromHex(hex);
  invariant(bytes !== undefined, 'ids and digests are hex');
  encoding.writeUint8Array(out, bytes);
}
