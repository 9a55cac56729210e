import { concatBytes, equalBytes, fromHex, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { all, chain, type MaybePromise } from '../base/maybe-promise.ts';
import type { Verdict } from '../base/verdict.ts';
import { votersOf, type ChainContext } from './chain-context.ts';
import { peerIdOf } from './identity.ts';
import { digestOfRaw, isSigned, verifySigned, type JudgeContext } from './judge-context.ts';
import { recordProblem } from './ledger-rules.ts';
import { ancestryOf } from './ledger-walk.ts';
import type { Certificate, ChainRecord } from './membership.ts';
import { encodeUnsigned, type Envelope } from './protocol-codec.ts';
import type { RecordMessage } from './protocol.ts';
import { currentRound } from './round-state.ts';
import { oldestOpen } from './round-facts.ts';

/** Rounds ahead of ours that a message may be of. Members more than this apart need a snapshot. */
const roundsAhead = 64;

/** SHA-256 over digests: what a record commits to of the contributions it counts. */
export const bodiesRoot = (
  context: Pick<JudgeContext, 'crypto'>,
  digests: readonly Digest[],
): MaybePromise<Digest> =>
  digestOfRaw(
    context,
    concatBytes(
      ...digests.map((digest) => {
        const bytes = fromHex(digest);
        invariant(bytes !== undefined, 'digests are hex');
        return bytes;
      }),
    ),
  );

/** Judges a record: resolved against its parent, its own signature and all that it quotes verified. */
export function judgeRecord(
  context: JudgeContext,
  from: PeerId,
  raw: Bytes,
  envelope: Envelope,
  message: RecordMessage,
): MaybePromise<Verdict> {
  return chain(digestOfRaw(context, raw), (digest) => {
    const { state } = context;
    const { round } = message;
    if (state.trail.get(round) === digest) {
      context.dispatch({ kind: 'claim', peer: from, head: round });
      return 'ignored';
    }
    const known = state.nodes.get(digest)?.record;
    if (known !== undefined) {
      context.dispatch({ kind: 'record', from, record: known });
      return 'ignored';
    }
    if (round === 0) {
      if (state.head !== undefined) return conflict(context, from, round);
      return take(context, from, raw, envelope, message, digest, undefined);
    }
    if (state.head === undefined) {
      context.dispatch({ kind: 'claim', peer: from, head: round });
      context.park(from, round, raw);
      return 'ignored';
    }
    const parent = state.nodes.get(message.parent)?.context;
    if (round > currentRound(state) + roundsAhead) {
      context.dispatch({ kind: 'claim', peer: from, head: round });
      return { rejected: 'round-far-ahead' };
    }
    if (parent !== undefined && hasTwo(context, message)) return 'ignored';
    if (parent !== undefined) return take(context, from, raw, envelope, message, digest, parent);
    if (round <= oldestOpen(state)) return conflict(context, from, round);
    context.dispatch({ kind: 'claim', peer: from, head: round });
    if (round > currentRound(state)) {
      context.park(from, round, raw);
      return 'ignored';
    }
    // Signed or not, it costs its sender one of few places; it is judged when its parent is here.
    if (!context.keepOrphan(from, message.parent, raw)) return { rejected: 'record-without-parent' };
    context.dispatch({ kind: 'orphan', from, round, parent: message.parent });
    return 'ignored';
  });
}

/** Two records of one leader on one parent show what it is; a third is not worth verifying. */
const hasTwo = ({ state }: JudgeContext, { parent, leader }: RecordMessage): boolean =>
  [...state.nodes.values()].filter(
    ({ context, record }) => context.parent === parent && record?.leader === leader,
  ).length >= 2;

/** A record of a round that is final here, and not ours: its sender is on a chain that contradicts ours, or lies. */
function conflict(context: JudgeContext, from: PeerId, round: number): Verdict {
  if (!context.state.trail.has(round)) return 'ignored';
  context.dispatch({ kind: 'foreign', from });
  return { rejected: 'record-conflicts' };
}

function take(
  context: JudgeContext,
  from: PeerId,
  raw: Bytes,
  envelope: Envelope,
  message: RecordMessage,
  digest: Digest,
  parent: ChainContext | undefined,
): MaybePromise<Verdict> {
  const { crypto, state } = context;
  const joining = all(message.joinKeys.map((key) => peerIdOf(key, (bytes) => crypto.sha256(bytes))));
  return chain(joining, (joins) => {
    const resolved = resolve(context, message, digest, joins, parent);
    if (typeof resolved === 'string') return { rejected: resolved };
    if (parent !== undefined) {
      const problem = recordProblem(state.settings, parent, ancestryOf(state, parent.record), resolved);
      if (problem !== undefined) return { rejected: problem };
    }
    // Record 0 and a takeover bring the key of their leader, who joins by them.
    const key =
      parent?.members.find(({ id }) => id === message.leader)?.publicKey ??
      message.joinKeys[joins.indexOf(message.leader)];
    if (key === undefined) return { rejected: 'record-leader-not-a-member' };
    return chain(isSigned(context, key, envelope), (signed) => {
      if (!signed) return { rejected: 'record-signature' };
      return chain(quotesHold(context, resolved, parent), (hold): Verdict => {
        if (!hold) return { rejected: 'record-quotes-a-false-signature' };
        context.keepRecord(digest, raw);
        context.dispatch({ kind: 'record', from, record: resolved });
        context.adopted(digest);
        return 'applied';
      });
    });
  });
}

/** Indices become peers; a short reason where one points nowhere. */
function resolve(
  { state }: JudgeContext,
  message: RecordMessage,
  digest: Digest,
  joins: readonly PeerId[],
  parent: ChainContext | undefined,
): ChainRecord | string {
  const { kind: _, authors: indices, certificate: wire, ...rest } = message;
  const authors = indices.flatMap((index) => parent?.members[index]?.id ?? []);
  if (authors.length !== indices.length) return 'record-names-a-stranger';
  let certificate: Certificate | undefined;
  if (wire !== undefined) {
    const certified = parent && ancestryOf(state, parent.record).contextAt(wire.round);
    if (certified === undefined) return 'record-certificate-round';
    const voters = votersOf(certified);
    const votes = wire.votes.flatMap(({ voter, clean, signature }) => {
      const peer = voters[voter]?.id;
      return peer === undefined ? [] : [{ peer, clean, signature }];
    });
    if (votes.length !== wire.votes.length) return 'record-certificate-voter';
    const { round, state: members } = wire;
    certificate = { round, record: certified.record, state: members, votes, of: voters.length };
  }
  return { ...rest, digest, authors, joins, certificate };
}

/** Whether every confirm and goodbye that the record quotes was signed by whom it names. */
function quotesHold(
  context: JudgeContext,
  { certificate, goodbyes }: ChainRecord,
  parent: ChainContext | undefined,
): MaybePromise<boolean> {
  const checks: MaybePromise<boolean>[] = [];
  if (certificate !== undefined && parent !== undefined) {
    const { round, record, state, votes } = certificate;
    const certified = ancestryOf(context.state, parent.record).contextAt(round);
    const keys = new Map(
      (certified === undefined ? [] : votersOf(certified)).map(({ id, publicKey }) => [id, publicKey]),
    );
    const seen = context.state.ballots.get(record);
    for (const { peer, clean, signature } of votes) {
      const key = keys.get(peer);
      const ours = seen?.get(peer);
      // Verified before, when it came as a confirm.
      if (
        ours?.round === round &&
        ours.state === state &&
        ours.clean === clean &&
        equalBytes(ours.signature, signature)
      )
        continue;
      const unsigned = encodeUnsigned({ kind: 'confirm', round, record, state, clean });
      checks.push(key === undefined ? false : verifySigned(context, key, unsigned, signature));
    }
  }
  for (const { author, joined, round, record, signature } of goodbyes) {
    const key = parent?.members.find(({ id }) => id === author)?.publicKey;
    const unsigned = encodeUnsigned({ kind: 'leave', round, record, joined, author });
    checks.push(key === undefined ? false : verifySigned(context, key, unsigned, signature));
  }
  return chain(all(checks), (held) => held.every(Boolean));
}
