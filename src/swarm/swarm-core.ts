import { concatBytes, equalBytes, type Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { describeError, StarlingError } from '../base/errors.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { invariant, unreachable } from '../base/invariant.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import { contextWindow, decodeContexts, encodeContexts, type ChainContext } from './chain-context.ts';
import { CheckpointShelf, type Checkpoint } from './checkpoint-shelf.ts';
import { sightingOf } from './event-sightings.ts';
import { Exchange } from './exchange.ts';
import { signatureBytes, webCrypto, type Signer, type SwarmCrypto } from './identity.ts';
import { Inbox } from './inbox.ts';
import { digestOfRaw, type JudgeContext } from './judge-context.ts';
import { bodiesRoot } from './judge-record.ts';
import { snapshotProblem } from './judge-snapshot.ts';
import { judge } from './judge.ts';
import type { ChainRecord } from './membership.ts';
import { Ledger } from './ledger.ts';
import { ancestryOf } from './ledger-walk.ts';
import { hashPieces, merkleRoot } from './merkle.ts';
import { MessagePace } from './message-pace.ts';
import { encodeUnsigned } from './protocol-codec.ts';
import { limits, signedBytes, type Goodbye, type Message, type SignedMessage } from './protocol.ts';
import { draftMessage } from './record-draft.ts';
import { roundRecord } from './round-record.ts';
import { tick } from './round-machine.ts';
import {
  initialRoundState,
  isMember,
  shortName,
  type RecordDraft,
  type RoundEffect,
  type RoundEvent,
  type RoundState,
} from './round-state.ts';
import type { Seen, Sighting } from './sightings.ts';
import { memorySigningLog, type SigningLog } from './signing-log.ts';
import { SnapshotClient, type ReceivedSnapshot } from './snapshot-client.ts';
import { SnapshotServer } from './snapshot-server.ts';
import type { Settlement, StoredState, SwarmEvent, SwarmRules } from './swarm-api.ts';
import { replicasAgree } from './swarm-view.ts';
import type { SendOutcome, Transport, TransportEvent } from './transport.ts';

export interface SwarmOptions {
  readonly signer: Signer;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly rules: SwarmRules;
  /** What `signer` has signed in this run, as durable as its key; in memory unless given. */
  readonly signingLog?: SigningLog;
  /** Hashing and verifying; Web Crypto unless a test passes a faster one. */
  readonly crypto?: SwarmCrypto;
  /** False when this run is known to have started, so that its founder, back again, does not start it anew. */
  readonly mayFound?: boolean;
  /** How long each further rank waits after a round's deadline before it leads; 1,000 ms unless given. */
  readonly successionMs?: number;
  /** Unfinal rounds after which the members that remain may go on without the others; 64 unless a test says less. */
  readonly epochAfter?: number;
}

/** The most that followers wait for members that all vanished without a word before they take over. */
const mostVanishedMs = 10_000;
/** Records whose parent is not here yet: of one peer, and of all. */
const orphansOfPeer = 8;
const orphansOfAll = 128;

/** Without any snapshot for this long, one's own chain is gone back to. */
const reserveAfterMs = 20_000;

interface Orphan {
  readonly from: PeerId;
  readonly parent: Digest;
  readonly raw: Bytes;
}

/** What the core tells the facade. */
export interface CoreListener {
  /** The ledger grew by this round, and every body its record names is here. */
  accepted(round: number): void;
  rolledBack(round: number): void;
  entered(snapshot: ReceivedSnapshot): void;
  settled(settlement: Settlement): void;
  behind(): void;
  changed(): void;
  event(event: SwarmEvent): void;
  sighted(sighting: Sighting): void;
}

/** Carries out what the round machine decides: everything between it and the transport. */
export class SwarmCore implements JudgeContext {
  readonly self: PeerId;
  readonly clock: Clock;
  readonly rules: SwarmRules;
  readonly crypto: SwarmCrypto;
  readonly signingLog: SigningLog;
  readonly ledger = new Ledger();
  readonly shelf = new CheckpointShelf();
  readonly exchange: Exchange;
  readonly server: SnapshotServer;
  readonly client: SnapshotClient;
  readonly pace = new MessagePace();
  readonly rejections = new Map<string, number>();
  closed = false;
  /** Our newest signed confirm: shows a new link which chain we are on. */
  #lastConfirm: Bytes | undefined;
  readonly #signer: Signer;
  readonly #transport: Transport;
  readonly #listener: CoreListener;
  readonly #inbox: Inbox;
  #state: RoundState;
  #cancelWake: () => void = () => undefined;
  #wakeAtMs: number | undefined;
  /** Signed messages of the records in the tree, by digest. */
  readonly #recordMessages = new Map<Digest, Bytes>();
  readonly #orphans: Orphan[] = [];
  /** Signed after every confirm, because a closing tab has no time to sign. */
  #leaveMessage: Bytes | undefined;
  #askNext: readonly PeerId[] = [];
  /** What we stood on before the chain was given up, until another snapshot has been checked. */
  #reserve: Checkpoint | undefined;
  #cancelReserve: () => void = () => undefined;
  readonly #told = new Set<string>();
  readonly #slow = new Set<PeerId>();
  /** Bodies of rounds before this one are forgotten. */
  #dropped = 0;
  readonly #events: RoundEvent[] = [];
  #dispatching = false;
  /** Done when the events at hand are done: judging may dispatch more. */
  readonly #afterwards: (() => void)[] = [];

  constructor(options: SwarmOptions, listener: CoreListener) {
    const { signer, transport, clock, rules, successionMs = 1_000 } = options;
    this.self = signer.id;
    this.clock = clock;
    this.rules = rules;
    this.crypto = options.crypto ?? webCrypto;
    this.signingLog = options.signingLog ?? memorySigningLog();
    this.#signer = signer;
    this.#transport = transport;
    this.#listener = listener;
    this.#state = initialRoundState(
      {
        self: signer.id,
        publicKey: signer.publicKey,
        run: rules.runId as string as Digest,
        founder: rules.founder,
        open: rules.open,
        epochAfter: options.epochAfter ?? 64,
        mayFound: options.mayFound ?? true,
        minMembers: rules.minMembers,
        deadlineMs: rules.roundDeadlineMs,
        successionMs,
        graceMs: successionMs / 2,
        vanishedMs: Math.min(rules.roundDeadlineMs, mostVanishedMs),
        pullDelayMs: 150,
        pullRetryMs: 500,
      },
      {
        confirm: this.signingLog.highest('confirm'),
        record: this.signingLog.highest('record'),
        lock: this.signingLog.highest('lock'),
      },
    );
    const send = (to: PeerId, message: Message): SendOutcome => this.sendRaw(to, encodeUnsigned(message));
    this.exchange = new Exchange({
      clock,
      ask: (peer, round, digest) => {
        send(peer, { kind: 'want-contribution', round, digest });
      },
      peers: () => transport.peers(),
    });
    this.server = new SnapshotServer({
      clock,
      send,
      shelf: this.shelf,
      onChain: (round, record) => this.#state.trail.get(round) === record,
      finalRound: () => this.#state.finalRound,
    });
    this.client = new SnapshotClient({
      clock,
      send,
      sha256: (bytes) => this.crypto.sha256(bytes),
      sources: () =>
        [...this.#state.links].flatMap(([peer, { up, head }]) => (up && head >= 0 ? [peer] : [])),
      maxBytes: Math.min(rules.maxSnapshotBytes, limits.snapshotBytes),
      inspect: (header) => snapshotProblem(this.crypto, header),
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

  /** Lets the round machine take an event, and carries out what it decides; events that follow from that come after. */
  dispatch(event: RoundEvent): void {
    this.#events.push(event);
    if (this.#dispatching) return;
    this.#dispatching = true;
    const { nodes } = this.#state;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        if (!this.closed) this.#step(next);
      }
    } finally {
      this.#dispatching = false;
    }
    if (nodes !== this.#state.nodes) {
      for (const digest of this.#recordMessages.keys())
        if (!this.#state.nodes.has(digest)) this.#recordMessages.delete(digest);
    }
    for (let task = this.#afterwards.shift(); task !== undefined; task = this.#afterwards.shift()) task();
  }

  #step(event: RoundEvent): void {
    const agreedBefore = replicasAgree(this.#state);
    const [state, effects] = tick(this.#state, event, this.clock.now());
    this.#state = state;
    this.#sight(sightingOf(event));
    for (const effect of effects) this.#carryOut(effect);
    if (agreedBefore && !replicasAgree(state)) {
      const round = state.applied?.round ?? 0;
      const text = `After round ${round} another volunteer's replica differs from ours.`;
      this.tell({ kind: 'replicas-differ', text });
    }
    this.#listener.changed();
  }

  #sight(seen: Seen | undefined): void {
    if (seen !== undefined) this.#listener.sighted({ atMs: this.clock.now(), ...seen });
  }

  tell(event: Omit<SwarmEvent, 'atMs'>): void {
    this.#listener.event({ atMs: this.clock.now(), ...event });
  }

  /** The whole signed message. */
  sign(message: SignedMessage): MaybePromise<Bytes> {
    const unsigned = encodeUnsigned(message);
    return chain(this.#signer.sign(signedBytes(this.rules.runId, unsigned)), (signature) =>
      concatBytes(unsigned, signature),
    );
  }

  digest(raw: Bytes): MaybePromise<Digest> {
    return digestOfRaw(this, raw);
  }

  sendRaw(to: PeerId, raw: Bytes): SendOutcome {
    if (this.closed) return 'gone';
    const outcome = this.#transport.send(to, raw);
    if (outcome === 'queued') this.#slow.delete(to);
    // What was not taken is asked for again by who needs it: records and bodies by digest, pieces by number.
    else if (outcome === 'full' && !this.#slow.has(to)) {
      this.#slow.add(to);
      const text = `The connection to ${shortName(to)} is too slow for what it should carry.`;
      this.tell({ kind: 'info', text });
    }
    return outcome;
  }

  broadcast(raw: Bytes): void {
    for (const peer of this.#transport.peers()) this.sendRaw(peer, raw);
  }

  hello(): Bytes {
    const { mode, wanted, head, finalRound } = this.#state;
    const context = head === undefined ? undefined : this.#state.nodes.get(head.digest)?.context;
    return encodeUnsigned({
      kind: 'hello',
      publicKey: this.#signer.publicKey,
      wantsMembership: wanted && mode !== 'idle',
      stand:
        mode !== 'following' || head === undefined
          ? undefined
          : {
              ...{ head: head.round, tip: head.digest, oldest: this.ledger.oldest },
              ...{ final: Math.max(0, finalRound), epoch: context?.epoch ?? 0 },
            },
    });
  }

  sendHello(to: PeerId): void {
    this.sendRaw(to, this.hello());
  }

  sendNamed(to: PeerId, round: number, record: Digest, digests: readonly Digest[]): void {
    this.sendRaw(to, encodeUnsigned({ kind: 'named', round, record, digests }));
  }

  park(from: PeerId, round: number, raw: Bytes): void {
    this.#inbox.park(from, round, raw);
  }

  /** Judges what was parked for rounds up to `round`. */
  release(round: number): void {
    this.#inbox.release(round);
  }

  keepRecord(record: Digest, raw: Bytes): void {
    this.#recordMessages.set(record, raw);
  }

  keepOrphan(from: PeerId, parent: Digest, raw: Bytes): boolean {
    const own = this.#orphans.filter((one) => one.from === from);
    if (own.some((one) => equalBytes(one.raw, raw))) return true;
    if (own.length >= orphansOfPeer)
      this.#orphans.splice(
        this.#orphans.findIndex((one) => one.from === from),
        1,
      );
    if (this.#orphans.length >= orphansOfAll) return false;
    this.#orphans.push({ from, parent, raw });
    return true;
  }

  adopted(record: Digest): void {
    const waiting = this.#orphans.filter(({ parent }) => parent === record);
    if (waiting.length === 0) return;
    this.#dropOrphans(({ parent }) => parent === record);
    for (const { from, raw } of waiting) this.#inbox.push(from, raw);
  }

  #dropOrphans(which: (orphan: Orphan) => boolean): void {
    const left = this.#orphans.filter((one) => !which(one));
    this.#orphans.splice(0, this.#orphans.length, ...left);
  }

  /** Drops the chain and fetches a snapshot. If nobody gives one, the newest of our own chain is what there is. */
  startOver(): void {
    this.#reserve ??= this.shelf.newest((round, record) => this.#state.trail.get(round) === record);
    this.#comeBackLater();
    this.exchange.clear();
    this.shelf.clear();
    this.ledger.reset(undefined);
    this.#orphans.length = 0;
    this.#setGoodbye(undefined);
    this.#lastConfirm = undefined;
    this.dispatch({ kind: 'reenter' });
    this.broadcast(this.hello());
  }

  #comeBackLater(): void {
    this.#cancelReserve();
    this.#cancelReserve = this.clock.after(reserveAfterMs, () => {
      const reserve = this.#reserve;
      if (this.closed || reserve === undefined || this.#state.mode !== 'fetching') return;
      if (this.client.progress !== undefined) {
        this.#comeBackLater();
        return;
      }
      this.client.stop();
      this.tell({ kind: 'info', text: 'Nobody gave the model: this volunteer goes on from its own.' });
      this.#takeSnapshot({ ...reserve, from: [] });
    });
  }

  /** Puts a replica on the shelf, and lets a record we lead name it. */
  keep({ round, state, bytes }: StoredState): MaybePromise<void> {
    const record = this.#state.trail.get(round);
    // The chain may have been cut back since these bytes were read.
    if (record === undefined || this.#state.states.get(round) !== state) return;
    const contexts = this.#contextsUpTo(record);
    if (contexts.length === 0) return;
    const hash = (piece: Bytes): MaybePromise<Bytes> => this.crypto.sha256(piece);
    return chain(hashPieces(bytes, hash), (leaves) =>
      chain(merkleRoot(leaves, hash), (root) => {
        if (this.closed || this.#state.trail.get(round) !== record) return;
        this.shelf.add({ round, record, state, bytes, context: encodeContexts(contexts), leaves, root });
        this.#pruneShelf();
        this.#reserve = undefined;
        this.dispatch({ kind: 'checkpoint', round, record, root });
        this.server.offered();
      }),
    );
  }

  /** What a latecomer needs to judge the records after this one. */
  #contextsUpTo(record: Digest): readonly ChainContext[] {
    const last = this.#state.nodes.get(record)?.context;
    if (last === undefined) return [];
    const { contextAt } = ancestryOf(this.#state, record);
    const contexts: ChainContext[] = [last];
    for (let round = last.round - 1; round >= last.final; round--) {
      const context = contextAt(round);
      if (context === undefined || contexts.length > contextWindow) break;
      contexts.unshift(context);
    }
    return contexts;
  }

  /** Forgets what neither our own rounds nor a snapshot of ours needs. */
  prune(): void {
    const { applied, finalRound } = this.#state;
    const stored = this.shelf.oldestRound ?? Infinity;
    this.ledger.prune(Math.min((applied?.round ?? finalRound) + 1, stored + 1, finalRound));
    if (this.ledger.oldest === this.#dropped) return;
    this.#dropped = this.ledger.oldest;
    this.exchange.dropBelow(this.#dropped);
  }

  close(): void {
    if (this.closed) return;
    if (isMember(this.#state, this.self) && this.#leaveMessage !== undefined)
      this.broadcast(this.#leaveMessage);
    this.closed = true;
    this.#cancelWake();
    this.#cancelReserve();
    this.client.stop();
    this.server.close();
    this.exchange.clear();
    this.shelf.clear();
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
        if (this.#lastConfirm !== undefined) this.sendRaw(event.peer, this.#lastConfirm);
        this.dispatch({ kind: 'peer-up', peer: event.peer });
        return;
      case 'peer-down':
        this.server.forget(event.peer);
        this.pace.forget(event.peer);
        this.#inbox.forget(event.peer);
        this.#dropOrphans((one) => one.from === event.peer);
        this.dispatch({ kind: 'peer-down', peer: event.peer });
        this.client.peerDown(event.peer);
        return;
      case 'rejected':
        this.#reject(event.peer, event.reason, event.times);
        return;
      default:
        unreachable(event);
    }
  }

  #judge(from: PeerId, raw: Bytes): MaybePromise<void> {
    // Nothing a peer sends may stop us, not even what brings a mistake of ours to light; that is shown.
    const broken = (thrown: unknown): void => {
      if (!this.closed) this.#reject(from, `internal-error: ${describeError(thrown)}`.slice(0, 120));
    };
    try {
      const judged = chain(judge(this, from, raw), (verdict) => {
        if (typeof verdict === 'object' && !this.closed) this.#reject(from, verdict.rejected);
      });
      return judged instanceof Promise ? judged.catch(broken) : judged;
    } catch (thrown) {
      broken(thrown);
    }
  }

  #reject(from: PeerId, reason: string, times = 1): void {
    this.rejections.set(reason, (this.rejections.get(reason) ?? 0) + times);
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
        this.#inBackground(() => this.#propose(effect.draft));
        return;
      case 'vote':
        this.#inBackground(() => this.#vote(effect));
        return;
      case 'show-vote':
        if (this.#lastConfirm !== undefined) this.broadcast(this.#lastConfirm);
        return;
      case 'accepted':
        this.#takeAccepted(effect);
        return;
      case 'rolled-back':
        this.ledger.cutBack(effect.round);
        this.#sight({ kind: 'taken-back', round: effect.round });
        this.#listener.rolledBack(effect.round);
        this.#afterwards.push(() => {
          this.broadcast(this.hello());
        });
        return;
      case 'final':
        this.#pruneShelf();
        for (let round = this.ledger.oldest; round <= effect.round; round++) {
          const entry = this.ledger.get(round);
          if (entry !== undefined) this.exchange.settle(round, new Set(entry.named));
        }
        return;
      case 'settled': {
        const { round, digest, counted } = effect;
        this.#listener.settled({ round, digest, counted });
        return;
      }
      case 'resolve':
        this.#inBackground(() =>
          chain(bodiesRoot(this, effect.digests), (root) => {
            if (root === effect.bodies)
              this.dispatch({ kind: 'named', record: effect.record, digests: effect.digests });
          }),
        );
        return;
      case 'broadcast-record': {
        const entry = this.ledger.get(effect.round);
        if (entry !== undefined) this.broadcast(entry.raw);
        return;
      }
      case 'have':
      case 'want-named':
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
        this.#inBackground(() =>
          chain(
            this.sign({ kind: 'join', round: effect.round, publicKey: this.#signer.publicKey }),
            (raw) => {
              this.broadcast(raw);
              // The last member leads the record by which it comes back itself.
              this.dispatch({ kind: 'join', peer: this.self, publicKey: this.#signer.publicKey });
            },
          ),
        );
        return;
      case 'send-leave':
        this.#inBackground(() =>
          chain(this.#signLeave(), (goodbye) => {
            if (goodbye === undefined || this.#leaveMessage === undefined) return;
            this.broadcast(this.#leaveMessage);
            this.dispatch({ kind: 'leave', goodbye });
          }),
        );
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
    if (atMs === this.#wakeAtMs) return;
    this.#cancelWake();
    this.#cancelWake = () => undefined;
    this.#wakeAtMs = atMs;
    if (atMs === undefined) return;
    this.#cancelWake = this.clock.after(Math.max(0, atMs - this.clock.now()), () => {
      this.#wakeAtMs = undefined;
      this.dispatch({ kind: 'time' });
    });
  }

  #propose(draft: RecordDraft): MaybePromise<void> {
    return chain(this.#claim('record', draft.round), () =>
      chain(draft.named.length === 0 ? undefined : bodiesRoot(this, draft.named), (bodies) =>
        chain(this.sign(draftMessage(draft, bodies)), (raw) =>
          chain(this.digest(raw), (digest) => {
            const { members: _, certifiedContext: __, named, ...rest } = draft;
            this.keepRecord(digest, raw);
            this.dispatch({ kind: 'record', from: this.self, record: { ...rest, digest, bodies } });
            this.dispatch({ kind: 'named', record: digest, digests: named });
            this.#afterwards.push(() => {
              this.adopted(digest);
            });
          }),
        ),
      ),
    );
  }

  #vote({ to, round, record, state, clean }: Extract<RoundEffect, { kind: 'vote' }>): MaybePromise<void> {
    return chain(this.#claim('confirm', round, this.#state.lock), () =>
      chain(this.sign({ kind: 'confirm', round, record, state, clean }), (raw) => {
        this.#lastConfirm = raw;
        // It names an earlier confirm now; a tab that closes before the next is signed is out of sight without a word.
        this.#setGoodbye(undefined);
        for (const peer of to) this.sendRaw(peer, raw);
        const signature = raw.slice(raw.length - signatureBytes);
        this.dispatch({ kind: 'confirm', peer: this.self, round, record, state, clean, signature });
        this.#inBackground(() => this.#signLeave());
      }),
    );
  }

  /** Before anything with a round in it is signed, that is stored: design section 3. */
  #claim(kind: 'record' | 'confirm', round: number, lock?: number): MaybePromise<void> {
    return this.signingLog.claim(kind, round, lock) ?? undefined;
  }

  #takeAccepted({ record, context, named }: Extract<RoundEffect, { kind: 'accepted' }>): void {
    const raw = this.#recordMessages.get(record.digest);
    invariant(raw !== undefined, 'a record in the tree has its signed message');
    const bodies = named.map((digest) => {
      const body = this.exchange.get(digest);
      invariant(body !== undefined, 'an accepted record has its bodies');
      return body;
    });
    this.ledger.append({ record, raw, context, named, bodies, shown: roundRecord(record, bodies) });
    this.#sight({
      ...{ kind: 'agreed', round: record.round, record: record.digest, leader: record.leader },
      recordAtMs: this.#state.nodes.get(record.digest)?.sinceMs ?? this.clock.now(),
      counted: bodies.map(({ contribution }) => contribution.author),
      members: context.members.map(({ id }) => id),
    });
    this.#compareSnapshot(record);
    this.prune();
    if (record.joins.includes(this.self)) this.#inBackground(() => this.#signLeave());
    this.#listener.accepted(record.round);
    this.#afterwards.push(() => {
      this.#inbox.release(record.round + 1);
    });
  }

  /** The chain names a snapshot by its Merkle root: what we would give of that round should be the same bytes. */
  #compareSnapshot({ snapshot, leader }: ChainRecord): void {
    const ours =
      snapshot && this.shelf.newest((round, of) => this.#state.trail.get(round) === of, snapshot.round);
    if (ours?.round !== snapshot?.round || ours?.root === snapshot?.root) return;
    const text = `The snapshot of round ${ours?.round ?? 0} that ${shortName(leader)} names is not the one we hold.`;
    this.tell({ kind: 'replicas-differ', text });
  }

  #takeSnapshot(snapshot: ReceivedSnapshot): void {
    const { round, state, context } = snapshot;
    const decoded = decodeContexts(context);
    const contexts = decoded.ok ? decoded.value : [];
    const last = contexts.at(-1);
    invariant(last !== undefined, 'the header was inspected');
    this.ledger.reset(last);
    this.exchange.clear();
    this.shelf.clear();
    this.tell({ kind: 'snapshot', text: `Took the model as it was after round ${round}.` });
    this.dispatch({ kind: 'snapshot', contexts, state });
    this.#listener.entered(snapshot);
    this.#inbox.release(round + 1);
    this.broadcast(this.hello());
    if (isMember(this.#state, this.self)) this.#inBackground(() => this.#signLeave());
  }

  #pruneShelf(): void {
    this.shelf.prune(this.#state.finalRound, (round, record) => this.#state.trail.get(round) === record);
  }

  /** Names our newest confirm, so that a chain without it cannot count us as one that left. */
  #signLeave(): MaybePromise<Goodbye | undefined> {
    const { members, voted, trail, votesForgotten } = this.#state;
    const joined = members.find(({ id }) => id === this.self)?.joinedRound;
    if (joined === undefined) return undefined;
    const last = voted.at(-1);
    const own =
      last !== undefined && last.round >= joined
        ? last
        : { round: joined, record: trail.get(joined) ?? noRecord, clean: votesForgotten < joined };
    // One that also stood elsewhere may not be counted as standing where it stood last: it is listed as absent instead.
    const { round } = own;
    const record = own.clean ? own.record : noRecord;
    const author = this.self;
    return chain(this.sign({ kind: 'leave', round, record, joined, author }), (raw) => {
      this.#setGoodbye(raw);
      return { author, joined, round, record, signature: raw.slice(raw.length - signatureBytes) };
    });
  }

  /** Also kept at the other end of the transport, for a tab that closes has no time to ask its worker. */
  #setGoodbye(raw: Bytes | undefined): void {
    this.#leaveMessage = raw;
    this.#transport.farewell?.(raw);
  }

  #inBackground(work: () => MaybePromise<unknown>): void {
    const failed = (thrown: unknown): void => {
      if (this.closed) return;
      // What was signed in an earlier life is not signed again; that is as it should be, and not worth a word.
      if (thrown instanceof StarlingError && thrown.code === 'already-signed') return;
      this.tell({ kind: 'info', text: `Could not sign: ${describeError(thrown)}` });
    };
    try {
      const working = work();
      if (working instanceof Promise) working.catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  }
}

/** Of no chain: a goodbye with it says that its author is gone, and no more. */
const noRecord = '0'.repeat(64) as Digest;

const behindText = {
  gap: 'The others no longer hold the rounds this volunteer lacks; it takes the model from one of them.',
  fork: 'The swarm had split; this volunteer follows the larger side and takes the model from it.',
} as const;
