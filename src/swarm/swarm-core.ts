import { concatBytes, toHex, type Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import { Exchange } from './exchange.ts';
import { webCrypto, type Signer, type SwarmCrypto } from './identity.ts';
import { Inbox } from './inbox.ts';
import { judge } from './judge.ts';
import { Ledger } from './ledger.ts';
import type { ChainRecord, Member } from './membership.ts';
import { encodeUnsigned } from './protocol-codec.ts';
import { limits, signedBytes, type Message, type SignedMessage } from './protocol.ts';
import { tick } from './round-machine.ts';
import {
  initialRoundState,
  shortName,
  type RecordDraft,
  type RoundEffect,
  type RoundEvent,
  type RoundState,
} from './round-state.ts';
import { SnapshotClient, SnapshotServer, type Snapshot } from './state-transfer.ts';
import type { SwarmEvent, SwarmRules } from './swarm-api.ts';
import { replicasAgree } from './swarm-view.ts';
import type { Transport, TransportEvent } from './transport.ts';

export interface SwarmOptions {
  readonly signer: Signer;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly rules: SwarmRules;
  /** Hashing and verifying; Web Crypto unless a test passes a faster one. */
  readonly crypto?: SwarmCrypto;
  /** False when this run is known to have started, so that its founder, back again, does not start it anew. */
  readonly mayFound?: boolean;
  /** How long each further rank waits after a round's deadline before it leads; 1,000 ms unless given. */
  readonly successionMs?: number;
}

/** The most that followers wait for members that all vanished without a word before they take over. */
const mostVanishedMs = 10_000;

/** What the core tells the facade. */
export interface CoreListener {
  /** The ledger grew by this record, and every body it names is here. */
  accepted(record: ChainRecord): void;
  entered(snapshot: Snapshot): void;
  behind(): void;
  changed(): void;
  event(event: SwarmEvent): void;
}

/** Carries out what the round machine decides: everything between it and the transport. */
export class SwarmCore {
  readonly self: PeerId;
  readonly clock: Clock;
  readonly rules: SwarmRules;
  readonly crypto: SwarmCrypto;
  readonly ledger = new Ledger();
  readonly exchange: Exchange;
  readonly server: SnapshotServer;
  readonly client: SnapshotClient;
  readonly rejections = new Map<string, number>();
  closed = false;
  /** Our newest signed confirm: shows a new link which chain we are on. */
  lastConfirm: Bytes | undefined;
  readonly #signer: Signer;
  readonly #transport: Transport;
  readonly #listener: CoreListener;
  readonly #inbox: Inbox;
  #state: RoundState;
  #cancelWake: () => void = () => undefined;
  /** Signed messages of records that may be accepted, by digest. */
  readonly #recordMessages = new Map<Digest, Bytes>();
  /** Signed when we became a member, because a closing tab has no time to sign. */
  #leaveMessage: { readonly round: number; readonly raw: Bytes } | undefined;
  #askNext: readonly PeerId[] = [];
  readonly #told = new Set<string>();
  readonly #slow = new Set<PeerId>();

  constructor(options: SwarmOptions, listener: CoreListener) {
    const { signer, transport, clock, rules, successionMs = 1_000 } = options;
    this.self = signer.id;
    this.clock = clock;
    this.rules = rules;
    this.crypto = options.crypto ?? webCrypto;
    this.#signer = signer;
    this.#transport = transport;
    this.#listener = listener;
    this.#state = initialRoundState({
      self: signer.id,
      publicKey: signer.publicKey,
      run: rules.runId as string as Digest,
      founder: rules.founder,
      mayFound: options.mayFound ?? true,
      minMembers: rules.minMembers,
      deadlineMs: rules.roundDeadlineMs,
      successionMs,
      graceMs: successionMs / 2,
      vanishedMs: Math.min(rules.roundDeadlineMs, mostVanishedMs),
      pullDelayMs: 150,
      pullRetryMs: 500,
    });
    const send = (to: PeerId, message: Message): void => {
      this.sendRaw(to, encodeUnsigned(message));
    };
    this.exchange = new Exchange({
      clock,
      ask: (peer, round, digest) => {
        send(peer, { kind: 'want-contribution', round, digest });
      },
      peers: () => transport.peers(),
    });
    this.server = new SnapshotServer(clock, send);
    this.client = new SnapshotClient({
      clock,
      send,
      sources: () =>
        [...this.#state.links].flatMap(([peer, { up, head }]) => (up && head >= 0 ? [peer] : [])),
      maxBytes: Math.min(rules.maxSnapshotBytes, limits.snapshotBytes),
      offerTimeoutMs: Math.max(10_000, 2 * rules.roundDeadlineMs),
      received: (snapshot) => {
        this.#takeSnapshot(snapshot);
      },
      changed: () => {
        this.#listener.changed();
      },
    });
    this.#inbox = new Inbox({
      judge: (from, raw) => this.#judge(from, raw),
      overflow: (from) => {
        this.#reject(from, 'inbox-full');
      },
      byteLimit: 8 * (rules.maxPayloadBytes + limits.pieceBytes) + (1 << 20),
      messageLimit: 1024,
    });
    transport.listen((event) => {
      this.#hear(event);
    });
  }

  get state(): RoundState {
    return this.#state;
  }

  /** Lets the round machine take an event, and carries out what it decides. */
  dispatch(event: RoundEvent): void {
    if (this.closed) return;
    const agreedBefore = replicasAgree(this.#state);
    const [state, effects] = tick(this.#state, event, this.clock.now());
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    for (const digest of this.#recordMessages.keys()) {
      if (!this.#state.candidates.has(digest)) this.#recordMessages.delete(digest);
    }
    if (agreedBefore && !replicasAgree(this.#state)) {
      const round = this.#state.applied?.round ?? 0;
      this.tell({
        kind: 'replicas-differ',
        text: `After round ${round} another volunteer's replica differs from ours.`,
      });
    }
    this.#listener.changed();
  }

  tell(event: Omit<SwarmEvent, 'atMs'>): void {
    this.#listener.event({ atMs: this.clock.now(), ...event });
  }

  /** The whole signed message. */
  async sign(message: SignedMessage): Promise<Bytes> {
    const unsigned = encodeUnsigned(message);
    return concatBytes(unsigned, await this.#signer.sign(signedBytes(this.rules.runId, unsigned)));
  }

  async digest(raw: Bytes): Promise<Digest> {
    return toHex(await this.crypto.sha256(raw)) as Digest;
  }

  sendRaw(to: PeerId, raw: Bytes): void {
    if (this.closed) return;
    const outcome = this.#transport.send(to, raw);
    if (outcome === 'queued') this.#slow.delete(to);
    // What was not taken is asked for again by who needs it: records and bodies by digest, pieces by number.
    else if (outcome === 'full' && !this.#slow.has(to)) {
      this.#slow.add(to);
      this.tell({
        kind: 'info',
        text: `The connection to ${shortName(to)} is too slow for what it should carry.`,
      });
    }
  }

  broadcast(raw: Bytes): void {
    for (const peer of this.#transport.peers()) this.sendRaw(peer, raw);
  }

  hello(): Bytes {
    const { mode, wanted } = this.#state;
    const following = mode === 'following';
    return encodeUnsigned({
      kind: 'hello',
      publicKey: this.#signer.publicKey,
      head: following ? this.ledger.head : undefined,
      oldest: following ? this.ledger.oldest : undefined,
      wantsMembership: wanted && mode !== 'idle',
    });
  }

  sendHello(to: PeerId): void {
    this.sendRaw(to, this.hello());
  }

  /** For judge.ts: keeps a message until its round is in progress. */
  park(from: PeerId, round: number, raw: Bytes): void {
    this.#inbox.park(from, round, raw);
  }

  /** For judge.ts: judges what was parked for rounds up to `round`. */
  release(round: number): void {
    this.#inbox.release(round);
  }

  /** For judge.ts: a snapshot may be wanted now. */
  changed(): void {
    this.#listener.changed();
  }

  /** For judge.ts: keeps the signed message of a record until the machine has decided on it. */
  keepRecord(record: ChainRecord, raw: Bytes): void {
    this.#recordMessages.set(record.digest, raw);
  }

  /** Drops the chain and fetches a snapshot. */
  startOver(): void {
    this.exchange.clear();
    this.server.close();
    this.ledger.reset(-1, []);
    this.#leaveMessage = undefined;
    this.lastConfirm = undefined;
    this.dispatch({ kind: 'reenter' });
    this.broadcast(this.hello());
  }

  /** Forgets what our own rounds no longer need. */
  prune(): void {
    const { applied } = this.#state;
    const served = this.server.oldestRound ?? Infinity;
    this.ledger.prune(Math.min((applied?.round ?? Infinity) + 1, served + 1));
    this.exchange.dropBelow(this.ledger.oldest);
  }

  close(): void {
    if (this.closed) return;
    const isMember = this.#state.members.some(({ id }) => id === this.self);
    if (isMember && this.#leaveMessage !== undefined) this.broadcast(this.#leaveMessage.raw);
    this.closed = true;
    this.#cancelWake();
    this.client.stop();
    this.server.close();
    this.exchange.clear();
    this.#inbox.close();
    this.#transport.close();
  }

  #hear(event: TransportEvent): void {
    if (this.closed) return;
    switch (event.kind) {
      case 'message':
        this.#inbox.push(event.peer, event.bytes);
        return;
      case 'peer-up':
        this.sendHello(event.peer);
        if (this.lastConfirm !== undefined) this.sendRaw(event.peer, this.lastConfirm);
        this.dispatch({ kind: 'peer-up', peer: event.peer });
        return;
      case 'peer-down':
        this.server.forget(event.peer);
        this.#inbox.dropStrangers(new Set(this.#transport.peers()));
        this.dispatch({ kind: 'peer-down', peer: event.peer });
        this.client.peerDown(event.peer);
        return;
      case 'rejected':
        this.#reject(event.peer, event.reason);
        return;
      default:
        unreachable(event);
    }
  }

  async #judge(from: PeerId, raw: Bytes): Promise<void> {
    const verdict = await judge(this, from, raw);
    if (typeof verdict === 'object' && !this.closed) this.#reject(from, verdict.rejected);
  }

  #reject(from: PeerId, reason: string): void {
    this.rejections.set(reason, (this.rejections.get(reason) ?? 0) + 1);
    const key = `${from} ${reason}`;
    if (!this.#told.has(key) && this.#told.size < 1_000) {
      this.#told.add(key);
      this.tell({ kind: 'rejected', text: `Refused what ${shortName(from)} sent: ${reason}.` });
    }
    this.#listener.changed();
  }

  #carryOut(effect: RoundEffect): void {
    switch (effect.kind) {
      case 'propose':
        this.#inBackground(this.#propose(effect.draft));
        return;
      case 'accepted':
        this.#takeAccepted(effect.record, effect.members);
        return;
      case 'broadcast-record': {
        const entry = this.ledger.get(effect.round);
        if (entry !== undefined) this.broadcast(entry.raw);
        return;
      }
      case 'have':
      case 'want-record': {
        const { to, ...message } = effect;
        this.sendRaw(to, encodeUnsigned(message));
        return;
      }
      case 'want-bodies':
        this.exchange.want(effect.round, effect.digests, effect.from);
        return;
      case 'fetch-snapshot':
        this.client.start(this.#askNext);
        this.#askNext = [];
        return;
      case 'send-join':
        this.#inBackground(this.#sendJoin(effect.round));
        return;
      case 'send-leave':
        this.#inBackground(this.#sendLeave(effect.round));
        return;
      case 'behind':
        this.#askNext = effect.ask;
        this.tell({ kind: 'info', text: behindText[effect.why] });
        this.#listener.behind();
        return;
      case 'reject':
        this.#reject(effect.from, effect.reason);
        return;
      case 'tell':
        this.tell(effect.event);
        return;
      case 'wake':
        this.#wakeAt(effect.atMs);
        return;
      default:
        unreachable(effect);
    }
  }

  #wakeAt(atMs: number | undefined): void {
    this.#cancelWake();
    this.#cancelWake = () => undefined;
    if (atMs === undefined) return;
    this.#cancelWake = this.clock.after(Math.max(0, atMs - this.clock.now()), () => {
      this.dispatch({ kind: 'time' });
    });
  }

  async #propose(draft: RecordDraft): Promise<void> {
    const raw = await this.sign({ kind: 'record', ...draft });
    const record: ChainRecord = { ...draft, digest: await this.digest(raw) };
    this.keepRecord(record, raw);
    this.dispatch({ kind: 'record', from: this.self, record });
  }

  #takeAccepted(record: ChainRecord, members: readonly Member[]): void {
    const raw = this.#recordMessages.get(record.digest);
    invariant(raw !== undefined, 'a candidate has its signed message');
    this.ledger.append({ record, raw, members });
    this.exchange.settle(record.round, new Set(record.contributions.map(({ digest }) => digest)));
    this.prune();
    const own = members.find(({ id }) => id === this.self);
    if (own?.joinedRound === record.round) this.#inBackground(this.#signLeave(own.joinedRound));
    this.#listener.accepted(record);
    this.#inbox.release(record.round + 1);
  }

  #takeSnapshot(snapshot: Snapshot): void {
    const { round, record, state, members } = snapshot;
    this.ledger.reset(round, members);
    this.exchange.clear();
    const own = members.find(({ id }) => id === this.self);
    if (own !== undefined) this.#inBackground(this.#signLeave(own.joinedRound));
    this.tell({ kind: 'snapshot', text: `Took the model as it was after round ${round}.` });
    this.dispatch({ kind: 'snapshot', round, record, state, members });
    this.#listener.entered(snapshot);
    this.#inbox.release(round + 1);
    this.broadcast(this.hello());
  }

  async #sendJoin(round: number): Promise<void> {
    this.broadcast(await this.sign({ kind: 'join', round, publicKey: this.#signer.publicKey }));
  }

  async #signLeave(round: number): Promise<Bytes> {
    if (this.#leaveMessage?.round === round) return this.#leaveMessage.raw;
    const raw = await this.sign({ kind: 'leave', round, author: this.self });
    this.#leaveMessage = { round, raw };
    return raw;
  }

  async #sendLeave(round: number): Promise<void> {
    this.broadcast(await this.#signLeave(round));
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.closed) this.tell({ kind: 'info', text: `Could not sign: ${describeError(error)}` });
    });
  }
}

const behindText = {
  gap: 'The others no longer hold the rounds this volunteer lacks; it takes the model from one of them.',
  fork: 'The swarm had split; this volunteer follows the larger side and takes the model from it.',
} as const;
