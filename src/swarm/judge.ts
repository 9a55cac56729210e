import type { Bytes } from '../base/bytes.ts';
import type { PeerId } from '../base/ids.ts';
import { unreachable } from '../base/invariant.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import type { Verdict } from '../base/verdict.ts';
import { peerIdOf } from './identity.ts';
import { digestOfRaw, isSigned, keyOf, type JudgeContext } from './judge-context.ts';
import { bodiesRoot, judgeRecord } from './judge-record.ts';
import { decodeMessage, type Envelope } from './protocol-codec.ts';
import type {
  ConfirmMessage,
  ContributionMessage,
  HelloMessage,
  JoinMessage,
  LeaveMessage,
  Message,
  NamedMessage,
} from './protocol.ts';
import { contributionsOf, firstOf, pooled, roundsOpen } from './round-facts.ts';
import { currentRound, isMember, type RoundEvent } from './round-state.ts';
import type { Contribution } from './swarm-api.ts';

/** Rounds ahead of ours that a message may be of. Members more than this apart need a snapshot. */
const roundsAhead = 64;

/**
 * Judges one message from the peer at the other end of a link: decoded, its ranges and its signature checked, then
 * handed to the round machine, which may still refuse it (counted there). Never throws for anything a peer can send.
 */
export function judge(context: JudgeContext, from: PeerId, raw: Bytes): MaybePromise<Verdict> {
  const decoded = decodeMessage(raw);
  if (!decoded.ok) return { rejected: decoded.reason };
  const { message } = decoded.value;
  if (!context.pace.allows(from, message.kind, context.clock.now()))
    return { rejected: `${message.kind}-too-often` };
  switch (message.kind) {
    case 'hello':
      return judgeHello(context, from, message);
    case 'contribution':
      return (
        ifAhead(context, from, message.round, raw) ??
        judgeContribution(context, from, raw, decoded.value, message)
      );
    case 'record':
      return judgeRecord(context, from, raw, decoded.value, message);
    case 'have': {
      if (message.round < currentRound(context.state)) return 'ignored';
      const { round, digest } = message;
      return ifAhead(context, from, round, raw) ?? take(context, { kind: 'have', from, round, digest });
    }
    case 'confirm':
      return judgeConfirm(context, from, decoded.value, message);
    case 'join':
      return judgeJoin(context, from, decoded.value, message);
    case 'leave':
      return judgeLeave(context, from, decoded.value, message);
    case 'named':
      return judgeNamed(context, from, message);
    case 'snapshot':
      return context.client.takeHeader(from, message);
    case 'piece':
      return context.client.takePiece(from, message);
    case 'want-contribution':
    case 'want-record':
    case 'want-named':
    case 'want-snapshot':
    case 'want-piece':
      return serve(context, from, message);
    default:
      return unreachable(message);
  }
}

function take(context: JudgeContext, event: RoundEvent): Verdict {
  context.dispatch(event);
  return 'applied';
}

/** The verdict on a message of a round still to come, which also shows how far its sender is; undefined if it is not. */
function ifAhead(context: JudgeContext, from: PeerId, round: number, raw: Bytes): Verdict | undefined {
  const { state } = context;
  if (state.head !== undefined && round <= currentRound(state)) return undefined;
  context.dispatch({ kind: 'claim', peer: from, head: round - 1 });
  if (state.head !== undefined && round > currentRound(state) + roundsAhead)
    return { rejected: 'round-far-ahead' };
  context.park(from, round, raw);
  return 'ignored';
}

function judgeHello(context: JudgeContext, from: PeerId, message: HelloMessage): MaybePromise<Verdict> {
  const { publicKey, stand, wantsMembership } = message;
  return chain(
    peerIdOf(publicKey, (bytes) => context.crypto.sha256(bytes)),
    (id): Verdict => {
      if (id !== from) return { rejected: 'hello-wrong-key' };
      if (stand !== undefined && (stand.oldest > stand.head + 1 || stand.final > stand.head))
        return { rejected: 'hello-malformed' };
      context.dispatch({ kind: 'hello', peer: from, publicKey, stand, wantsMembership });
      context.client.proceed();
      return 'applied';
    },
  );
}

function judgeContribution(
  context: JudgeContext,
  from: PeerId,
  raw: Bytes,
  envelope: Envelope,
  message: ContributionMessage,
): MaybePromise<Verdict> {
  const { rules, exchange, state } = context;
  const { round, author, weight, tokens, loss, validationLoss, payload } = message;
  if (!roundsOpen(state, round)) return 'ignored';
  const isCurrent = round === currentRound(state);
  if (isCurrent && !isMember(state, author)) return { rejected: 'contribution-by-a-stranger' };
  const key = keyOf(state, author);
  if (key === undefined) return { rejected: 'contribution-by-a-stranger' };
  if (payload.length > rules.maxPayloadBytes) return { rejected: 'payload-too-long' };
  return chain(digestOfRaw(context, raw), (digest) => {
    const counted = { author, weight, digest, tokens, loss, validationLoss };
    if (exchange.get(digest) !== undefined)
      return take(context, { kind: 'contribution', from, round, counted });
    const wanted = exchange.isWanted(digest);
    // Of a round that is decided only what another chain may count is of use.
    if (!isCurrent && !wanted && firstOf(context.state, round, author) !== undefined) return 'ignored';
    if (!wanted && contributionsOf(context.state, round, author).length >= 2)
      return { rejected: 'second-contribution' };
    return chain(isSigned(context, key, envelope), (signed): Verdict => {
      if (!signed) return { rejected: 'contribution-signature' };
      const problem = rules.payloadProblem(payload);
      if (problem !== undefined) return { rejected: `payload: ${problem}` };
      if (!roundsOpen(context.state, round)) return 'ignored'; // decided while we verified
      const contribution: Contribution = { ...counted, round, payload, messageBytes: raw.length };
      exchange.add({ contribution, raw, atMs: context.clock.now() });
      context.dispatch({ kind: 'contribution', from, round, counted });
      // Refused by the machine, or final without it: nobody will ask for it here.
      const named = context.ledger.get(round)?.named.includes(digest) ?? false;
      if (pooled(context.state, digest) === undefined && !named) exchange.drop(digest);
      return 'applied';
    });
  });
}

function judgeConfirm(
  context: JudgeContext,
  from: PeerId,
  envelope: Envelope,
  message: ConfirmMessage,
): MaybePromise<Verdict> {
  const { round, record, state, clean } = message;
  const { head } = context.state;
  if (head !== undefined && round > head.round + 1 + roundsAhead) {
    context.dispatch({ kind: 'claim', peer: from, head: round });
    return { rejected: 'round-far-ahead' };
  }
  const key = keyOf(context.state, from);
  if (key === undefined) return { rejected: 'confirm-before-hello' };
  return chain(isSigned(context, key, envelope), (signed): Verdict => {
    const { signature } = envelope;
    if (!signed || signature === undefined) return { rejected: 'confirm-signature' };
    return take(context, { kind: 'confirm', peer: from, round, record, state, clean, signature });
  });
}

function judgeJoin(
  context: JudgeContext,
  from: PeerId,
  envelope: Envelope,
  message: JoinMessage,
): MaybePromise<Verdict> {
  const { round, publicKey } = message;
  const { head } = context.state;
  if (head === undefined) return 'ignored';
  // An old join, played again, would make a member of a peer that left.
  if (Math.abs(round - head.round) > roundsAhead) return { rejected: 'join-stale' };
  return chain(
    peerIdOf(publicKey, (bytes) => context.crypto.sha256(bytes)),
    (id) => {
      if (id !== from) return { rejected: 'join-for-another' };
      return chain(isSigned(context, publicKey, envelope), (signed): Verdict => {
        if (!signed) return { rejected: 'join-signature' };
        return take(context, { kind: 'join', peer: from, publicKey });
      });
    },
  );
}

function judgeLeave(
  context: JudgeContext,
  from: PeerId,
  envelope: Envelope,
  message: LeaveMessage,
): MaybePromise<Verdict> {
  const { author, joined, round, record } = message;
  if (author !== from) return { rejected: 'leave-for-another' };
  const key = keyOf(context.state, from);
  if (key === undefined) return 'ignored';
  return chain(isSigned(context, key, envelope), (signed): Verdict => {
    const { signature } = envelope;
    if (!signed || signature === undefined) return { rejected: 'leave-signature' };
    return take(context, { kind: 'leave', goodbye: { author, joined, round, record, signature } });
  });
}

function judgeNamed(context: JudgeContext, from: PeerId, message: NamedMessage): MaybePromise<Verdict> {
  const { record, digests } = message;
  const node = context.state.nodes.get(record);
  if (node?.record === undefined || node.named !== undefined) return 'ignored';
  const { bodies, authors } = node.record;
  if (digests.length !== authors.length || !context.state.links.has(from))
    return { rejected: 'named-wrong-root' };
  return chain(bodiesRoot(context, digests), (root): Verdict => {
    if (root !== bodies) return { rejected: 'named-wrong-root' };
    return take(context, { kind: 'named', record, digests });
  });
}

type Request = Extract<Message, { kind: `want-${string}` }>;

function serve(context: JudgeContext, from: PeerId, message: Request): MaybePromise<Verdict> {
  const { exchange, ledger, server, state } = context;
  switch (message.kind) {
    case 'want-contribution': {
      const body = exchange.get(message.digest);
      if (body === undefined) return 'ignored';
      context.sendRaw(from, body.raw);
      return 'applied';
    }
    case 'want-named': {
      const digests = state.nodes.get(message.record)?.named ?? ofLedger(context, message);
      if (digests === undefined) return 'ignored';
      context.sendNamed(from, message.round, message.record, digests);
      return 'applied';
    }
    case 'want-record': {
      const entry = ledger.get(message.round);
      if (entry === undefined) {
        context.sendHello(from); // says what is here
        return 'ignored';
      }
      for (const digest of entry.named) {
        const body = exchange.get(digest);
        if (body !== undefined) context.sendRaw(from, body.raw);
      }
      context.sendRaw(from, entry.raw);
      return 'applied';
    }
    case 'want-snapshot':
      if (state.mode !== 'following') return 'ignored';
      return server.want(from);
    case 'want-piece':
      return server.piece(from, message.root, message.index);
    default:
      return unreachable(message);
  }
}

function ofLedger({ ledger }: JudgeContext, { round, record }: { round: number; record: string }) {
  const entry = ledger.get(round);
  return entry?.record.digest === record ? entry.named : undefined;
}
