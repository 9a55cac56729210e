import { toHex, type Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { unreachable } from '../base/invariant.ts';
import type { Verdict } from '../base/verdict.ts';
import type { Exchange } from './exchange.ts';
import { peerIdOf, type SwarmCrypto } from './identity.ts';
import type { Ledger } from './ledger.ts';
import type { ChainRecord, Member } from './membership.ts';
import { decodeMessage, type Envelope } from './protocol-codec.ts';
import {
  signedBytes,
  type ConfirmMessage,
  type ContributionMessage,
  type HelloMessage,
  type JoinMessage,
  type LeaveMessage,
  type Message,
  type RecordMessage,
  type SnapshotMessage,
} from './protocol.ts';
import { currentRound, type RoundEvent, type RoundState } from './round-state.ts';
import type { Contribution, SwarmRules } from './swarm-api.ts';
import type { SnapshotClient, SnapshotServer } from './state-transfer.ts';

/** What judging a message needs of the volunteer. */
export interface JudgeContext {
  readonly rules: SwarmRules;
  readonly crypto: SwarmCrypto;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly exchange: Exchange;
  readonly server: SnapshotServer;
  readonly client: SnapshotClient;
  readonly state: RoundState;
  dispatch(event: RoundEvent): void;
  /** Keeps a message until its round is in progress. */
  park(from: PeerId, round: number, raw: Bytes): void;
  /** Keeps the signed message of a record that may be accepted. */
  keepRecord(record: ChainRecord, raw: Bytes): void;
  sendRaw(to: PeerId, raw: Bytes): void;
  sendHello(to: PeerId): void;
  /** Something that the volunteer asks for has changed, though nothing was dispatched. */
  changed(): void;
}

/** Rounds ahead of ours that a message may be of. Members more than this apart need a snapshot. */
const roundsAhead = 64;

/**
 * Judges one message from the peer at the other end of a link: decoded, its ranges and its signature checked, then
 * handed to the round machine, which may still refuse it (counted there). Never throws for anything a peer can send.
 */
export async function judge(context: JudgeContext, from: PeerId, raw: Bytes): Promise<Verdict> {
  const decoded = decodeMessage(raw);
  if (!decoded.ok) return { rejected: decoded.reason };
  const { message } = decoded.value;
  switch (message.kind) {
    case 'hello':
      return judgeHello(context, from, message);
    case 'contribution':
    case 'record':
      return judgeOfRound(context, from, raw, decoded.value, message);
    case 'have':
      return (
        ifCurrent(context, from, message.round, raw, message.round - 1) ??
        take(context, { kind: 'have', from, round: message.round, digest: message.digest })
      );
    case 'confirm':
      return judgeConfirm(context, from, decoded.value, message);
    case 'join':
      return judgeJoin(context, from, decoded.value, message);
    case 'leave':
      return judgeLeave(context, from, decoded.value, message);
    case 'snapshot':
      return judgeSnapshot(context, from, message);
    case 'piece':
      return context.client.takePiece(from, message);
    case 'want-contribution':
    case 'want-record':
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

/** The verdict on a message that is not of the round in progress; undefined if it is. `head`: what it shows `from` to hold. */
function ifCurrent(
  context: JudgeContext,
  from: PeerId,
  round: number,
  raw: Bytes,
  head: number,
): Verdict | undefined {
  const state = context.state;
  const canJudge = state.head !== undefined || (state.mode === 'entering' && round === 0);
  if (canJudge && round === currentRound(state)) return undefined;
  if (state.head !== undefined) {
    if (round < currentRound(state)) return 'ignored';
    context.dispatch({ kind: 'claim', peer: from, head });
    if (round > currentRound(state) + roundsAhead) return { rejected: 'round-far-ahead' };
  }
  context.park(from, round, raw);
  return 'ignored';
}

async function judgeOfRound(
  context: JudgeContext,
  from: PeerId,
  raw: Bytes,
  envelope: Envelope,
  message: ContributionMessage | RecordMessage,
): Promise<Verdict> {
  if (message.kind === 'contribution') {
    const other = ifCurrent(context, from, message.round, raw, message.round - 1);
    return other ?? judgeContribution(context, from, raw, envelope, message);
  }
  // A record of a round that is decided is judged too: it may show another chain.
  const state = context.state;
  if (state.head !== undefined && message.round <= state.head.round) {
    if (!state.trail.has(message.round)) return 'ignored';
  } else {
    const other = ifCurrent(context, from, message.round, raw, message.round);
    if (other !== undefined) return other;
  }
  return judgeRecord(context, from, raw, envelope, message);
}

async function judgeHello(context: JudgeContext, from: PeerId, message: HelloMessage): Promise<Verdict> {
  const { publicKey, head, oldest, wantsMembership } = message;
  if ((await peerIdOf(publicKey, context.crypto.sha256)) !== from) return { rejected: 'hello-wrong-key' };
  const event = { kind: 'hello', peer: from, publicKey, wantsMembership } as const;
  context.dispatch({ ...event, head: head ?? -1, oldest: oldest ?? 0 });
  context.client.proceed();
  return 'applied';
}

async function judgeContribution(
  context: JudgeContext,
  from: PeerId,
  raw: Bytes,
  envelope: Envelope,
  message: ContributionMessage,
): Promise<Verdict> {
  const { rules, crypto, exchange } = context;
  const { round, author, weight, tokens, loss, validationLoss, payload } = message;
  const key = context.state.members.find(({ id }) => id === author)?.publicKey;
  if (key === undefined) return { rejected: 'contribution-by-a-stranger' };
  if (payload.length > rules.maxPayloadBytes) return { rejected: 'payload-too-long' };
  const digest = toHex(await crypto.sha256(raw)) as Digest;
  const counted = { author, weight, digest, tokens, loss, validationLoss };
  if (exchange.get(digest) === undefined) {
    if (!(await isSigned(context, key, envelope))) return { rejected: 'contribution-signature' };
    const problem = rules.payloadProblem(payload);
    if (problem !== undefined) return { rejected: `payload: ${problem}` };
    if (currentRound(context.state) !== round) return 'ignored'; // decided while we verified
    const contribution: Contribution = { ...counted, round, payload, messageBytes: raw.length };
    exchange.add({ contribution, raw, atMs: context.clock.now() });
  }
  context.dispatch({ kind: 'contribution', from, round, counted });
  // Refused by the machine, or decided without it: nobody will ask for it here.
  const named = context.ledger.get(round)?.record.contributions.some((one) => one.digest === digest) ?? false;
  if (!context.state.pool.has(digest) && !named) exchange.drop(digest);
  return 'applied';
}

async function judgeRecord(
  context: JudgeContext,
  from: PeerId,
  raw: Bytes,
  envelope: Envelope,
  message: RecordMessage,
): Promise<Verdict> {
  const { crypto } = context;
  const digest = toHex(await crypto.sha256(raw)) as Digest;
  const state = context.state;
  if (state.trail.get(message.round) === digest) {
    context.dispatch({ kind: 'claim', peer: from, head: message.round });
    return 'ignored';
  }
  const known = state.candidates.get(digest);
  if (known !== undefined) {
    context.dispatch({ kind: 'record', from, record: known.record });
    return 'ignored';
  }
  const joins = await Promise.all(message.joinKeys.map((key) => peerIdOf(key, crypto.sha256)));
  // Record 0 and a takeover bring the key of their leader, who joins by them.
  const knownKey = message.round === 0 ? undefined : keyOf(context.state, message.leader);
  const key = knownKey ?? message.joinKeys[joins.indexOf(message.leader)];
  if (key === undefined) return { rejected: 'record-leader-not-a-member' };
  if (!(await isSigned(context, key, envelope))) return { rejected: 'record-signature' };
  const { round, parent, leader, parentState, contributions, joinKeys, leaves } = message;
  const record: ChainRecord = {
    ...{ round, parent, digest, leader, parentState },
    ...{ contributions, joins, joinKeys, leaves },
  };
  context.keepRecord(record, raw);
  return take(context, { kind: 'record', from, record });
}

async function judgeConfirm(
  context: JudgeContext,
  from: PeerId,
  envelope: Envelope,
  message: ConfirmMessage,
): Promise<Verdict> {
  const { round, record, state } = message;
  const { head } = context.state;
  if (head !== undefined && round > head.round + 1 + roundsAhead) {
    context.dispatch({ kind: 'claim', peer: from, head: round });
    return { rejected: 'round-far-ahead' };
  }
  const key = keyOf(context.state, from);
  if (key === undefined) return { rejected: 'confirm-before-hello' };
  if (!(await isSigned(context, key, envelope))) return { rejected: 'confirm-signature' };
  context.dispatch({ kind: 'confirm', peer: from, round, record, state });
  const served = context.server.oldestRound;
  if (served !== undefined && round > served) context.server.forget(from);
  return 'applied';
}

async function judgeJoin(
  context: JudgeContext,
  from: PeerId,
  envelope: Envelope,
  message: JoinMessage,
): Promise<Verdict> {
  const { round, publicKey } = message;
  const { head } = context.state;
  if (head === undefined) return 'ignored';
  // An old join, played again, would make a member of a peer that left.
  if (Math.abs(round - head.round) > roundsAhead) return { rejected: 'join-stale' };
  if ((await peerIdOf(publicKey, context.crypto.sha256)) !== from) return { rejected: 'join-for-another' };
  if (!(await isSigned(context, publicKey, envelope))) return { rejected: 'join-signature' };
  return take(context, { kind: 'join', peer: from, publicKey });
}

async function judgeLeave(
  context: JudgeContext,
  from: PeerId,
  envelope: Envelope,
  message: LeaveMessage,
): Promise<Verdict> {
  if (message.author !== from) return { rejected: 'leave-for-another' };
  const key = keyOf(context.state, from);
  if (key === undefined) return 'ignored';
  if (!(await isSigned(context, key, envelope))) return { rejected: 'leave-signature' };
  return take(context, { kind: 'leave', peer: from, round: message.round });
}

async function judgeSnapshot(
  context: JudgeContext,
  from: PeerId,
  message: SnapshotMessage,
): Promise<Verdict> {
  if (from !== context.client.source) return { rejected: 'snapshot-unasked' };
  const members: Member[] = await Promise.all(
    message.members.map(async ({ publicKey, joinedRound }) => {
      return { id: await peerIdOf(publicKey, context.crypto.sha256), publicKey, joinedRound, missed: 0 };
    }),
  );
  members.sort((a, b) => (a.id < b.id ? -1 : 1));
  return context.client.takeHeader(from, message, members);
}

type Request = Extract<Message, { kind: `want-${string}` }>;

function serve(context: JudgeContext, from: PeerId, message: Request): Verdict {
  const { exchange, ledger, server } = context;
  switch (message.kind) {
    case 'want-contribution': {
      const body = exchange.get(message.digest);
      if (body === undefined) return 'ignored';
      context.sendRaw(from, body.raw);
      return 'applied';
    }
    case 'want-record': {
      const entry = ledger.get(message.round);
      if (entry === undefined) {
        context.sendHello(from); // says what is here
        return 'ignored';
      }
      for (const { digest } of entry.record.contributions) {
        const body = exchange.get(digest);
        if (body !== undefined) context.sendRaw(from, body.raw);
      }
      context.sendRaw(from, entry.raw);
      return 'applied';
    }
    case 'want-snapshot':
      if (context.state.mode !== 'following') return 'ignored';
      server.want(from, (round) => round + 1 >= ledger.oldest);
      context.changed();
      return 'applied';
    case 'want-piece':
      return server.piece(from, message.round, message.index);
    default:
      return unreachable(message);
  }
}

const keyOf = (state: RoundState, peer: PeerId): Bytes | undefined =>
  state.members.find(({ id }) => id === peer)?.publicKey ?? state.links.get(peer)?.publicKey;

async function isSigned(context: JudgeContext, key: Bytes, envelope: Envelope): Promise<boolean> {
  const { rules, crypto } = context;
  if (envelope.signature === undefined) return false;
  return crypto.verify(key, signedBytes(rules.runId, envelope.unsigned), envelope.signature);
}
