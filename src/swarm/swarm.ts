import type { Bytes } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';
import type { PeerId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import type { Body } from './exchange.ts';
import type { ChainRecord } from './membership.ts';
import { limits } from './protocol.ts';
import { currentRound, isMember } from './round-state.ts';
import type { Snapshot } from './state-transfer.ts';
import type {
  AgreedRound,
  Entry,
  OwnContribution,
  RoundRecord,
  Swarm,
  SwarmEvent,
  SwarmView,
} from './swarm-api.ts';
import { SwarmCore, type SwarmOptions } from './swarm-core.ts';
import { viewOf } from './swarm-view.ts';

export type { SwarmOptions } from './swarm-core.ts';

/**
 * A volunteer's seat in the swarm: see the interface for what it promises. Besides `swarm-closed`, `agree` rejects with
 * StarlingError `swarm-behind` when the chain cannot be followed any further (too slow, or the swarm had split): call
 * `reenter()` then. `publish` rejects with `contribution-invalid` what no other volunteer would accept.
 */
export const createSwarm = (options: SwarmOptions): Swarm => new SwarmFacade(options);

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  promise.catch(() => undefined); // close() may reject what nobody waits for any more
  return { promise, resolve, reject };
}

const closedError = (): StarlingError =>
  new StarlingError('swarm-closed', 'This volunteer has left the run.', 'Join again to go on.');
const behindError = (): StarlingError =>
  new StarlingError(
    'swarm-behind',
    'The records this volunteer holds cannot be followed any further.',
    'Take the model from another volunteer again (reenter).',
  );

class SwarmFacade implements Swarm {
  readonly #core: SwarmCore;
  readonly #agreeing = new Map<number, Deferred<AgreedRound>>();
  readonly #changeListeners: (() => void)[] = [];
  readonly #eventListeners: ((event: SwarmEvent) => void)[] = [];
  #entry: Deferred<Entry> | undefined;
  #view: SwarmView | undefined;
  #lastPublished = -1;
  #snapshotFrom: PeerId | undefined;

  constructor(options: SwarmOptions) {
    this.#core = new SwarmCore(options, {
      accepted: (record) => {
        this.#accepted(record);
      },
      entered: (snapshot) => {
        this.#entered(snapshot);
      },
      behind: () => {
        this.#rejectAgreeing(behindError());
      },
      changed: () => {
        this.#changed();
      },
      event: (event) => {
        for (const listener of this.#eventListeners) listener(event);
      },
    });
  }

  get self(): PeerId {
    return this.#core.self;
  }

  enter(initialState: string): Promise<Entry> {
    if (this.#core.closed) return Promise.reject(closedError());
    invariant(this.#core.state.mode === 'idle', 'enter is called once');
    const entry = (this.#entry = deferred<Entry>());
    this.#core.dispatch({ kind: 'enter', initialState });
    this.#core.broadcast(this.#core.hello());
    this.#core.release(0);
    return entry.promise;
  }

  reenter(): Promise<Entry> {
    if (this.#core.closed) return Promise.reject(closedError());
    // Called of the volunteer's own accord, the snapshot was not what it said to be.
    if (this.#core.state.mode !== 'behind' && this.#snapshotFrom !== undefined)
      this.#core.client.markWrong(this.#snapshotFrom);
    this.#entry?.reject(behindError());
    const entry = (this.#entry = deferred<Entry>());
    this.#rejectAgreeing(behindError());
    this.#lastPublished = -1;
    this.#core.startOver();
    return entry.promise;
  }

  isMember(round: number): boolean {
    // A round that is decided already is not trained for, only followed.
    return round > this.#core.ledger.head && this.membersOf(round).includes(this.self);
  }

  membersOf(round: number): readonly PeerId[] {
    return this.#core.ledger.membersOf(round);
  }

  async publish(round: number, own: OwnContribution): Promise<void> {
    const core = this.#core;
    this.#assertOpen();
    const problem = this.#problemOf(own);
    if (problem !== undefined) {
      throw new StarlingError(
        'contribution-invalid',
        `This volunteer's contribution to round ${round} is not one that others accept: ${problem}.`,
        'If the loss is not a number the run has diverged: start one with a lower learning rate.',
      );
    }
    invariant(round > this.#lastPublished, 'a round is signed once');
    this.#lastPublished = round;
    const { payload, weight, tokens } = own;
    const loss = Math.fround(own.loss);
    const validationLoss = own.validationLoss === undefined ? undefined : Math.fround(own.validationLoss);
    const measures = { author: core.self, weight, tokens, loss, validationLoss };
    const raw = await core.sign({ kind: 'contribution', round, ...measures, payload });
    const counted = { ...measures, digest: await core.digest(raw) };
    this.#assertOpen();
    if (core.state.mode !== 'following' || round !== currentRound(core.state)) {
      core.tell({ kind: 'info', text: `Round ${round} was closed before this volunteer was done.` });
      return;
    }
    if (!isMember(core.state, core.self)) return;
    const contribution = { ...counted, payload, round, messageBytes: raw.length };
    core.exchange.add({ contribution, raw, atMs: core.clock.now() });
    core.broadcast(raw);
    core.dispatch({ kind: 'contribution', from: core.self, round, counted });
  }

  agree(round: number): Promise<AgreedRound> {
    const { ledger, state, closed } = this.#core;
    if (closed) return Promise.reject(closedError());
    if (state.mode === 'behind' || round < ledger.oldest) return Promise.reject(behindError());
    if (round <= ledger.head) return Promise.resolve(this.#agreed(round));
    const waiting = this.#agreeing.get(round) ?? deferred<AgreedRound>();
    this.#agreeing.set(round, waiting);
    return waiting.promise;
  }

  async confirm(round: number, state: string): Promise<void> {
    const core = this.#core;
    this.#assertOpen();
    const record = core.state.trail.get(round);
    const { applied, mode } = core.state;
    if (mode !== 'following' || record === undefined || applied === undefined) return; // agree says so next
    invariant(round === applied.round + 1 || round === applied.round, 'records are applied in order');
    core.dispatch({ kind: 'applied', round, state });
    core.prune();
    const raw = await core.sign({ kind: 'confirm', round, record, state });
    this.#assertOpen();
    if (core.state.trail.get(round) !== record) return; // the chain was given up while we signed
    core.lastConfirm = raw;
    core.broadcast(raw);
  }

  get snapshotWanted(): boolean {
    return this.#core.server.wanted;
  }

  offerSnapshot(round: number, state: string, bytes: Bytes): void {
    const core = this.#core;
    const record = core.state.trail.get(round);
    const members = core.ledger.membersAfter(round);
    if (core.closed || record === undefined || members === undefined) return;
    core.server.offer({ round, record, state, members, bytes });
    this.#changed();
  }

  setMembership(wanted: boolean): void {
    const core = this.#core;
    if (core.closed || wanted === core.state.wanted) return;
    core.dispatch({ kind: 'membership', wanted });
    core.broadcast(core.hello());
  }

  view(): SwarmView {
    this.#view ??= {
      ...viewOf(this.#core.state, this.#core.clock.now()),
      rejections: Object.fromEntries(this.#core.rejections),
      catchUp: this.#core.client.progress,
    };
    return this.#view;
  }

  onChange(listener: () => void): void {
    this.#changeListeners.push(listener);
  }

  onEvent(listener: (event: SwarmEvent) => void): void {
    this.#eventListeners.push(listener);
  }

  close(): void {
    if (this.#core.closed) return;
    this.#core.close();
    this.#entry?.reject(closedError());
    this.#rejectAgreeing(closedError());
    this.#changed();
  }

  #accepted(record: ChainRecord): void {
    if (record.round === 0) this.#resolveEntry({ kind: 'genesis', round: 0 });
    const waiting = this.#agreeing.get(record.round);
    this.#agreeing.delete(record.round);
    waiting?.resolve(this.#agreed(record.round));
  }

  #entered({ round, state, bytes }: Snapshot): void {
    this.#resolveEntry({ kind: 'snapshot', round, state, bytes });
  }

  #resolveEntry(entry: Entry): void {
    this.#snapshotFrom = entry.kind === 'snapshot' ? this.#core.client.lastSource : undefined;
    this.#entry?.resolve(entry);
    this.#entry = undefined;
  }

  #agreed(round: number): AgreedRound {
    const entry = this.#core.ledger.get(round);
    invariant(entry !== undefined, 'rounds from the oldest to the head are kept');
    const { joinKeys: _, ...record } = entry.record;
    const bodies = record.contributions.map(({ digest }): Body => {
      const body = this.#core.exchange.get(digest);
      invariant(body !== undefined, 'an accepted record has its bodies');
      return body;
    });
    return {
      record: record satisfies RoundRecord,
      contributions: bodies.map(({ contribution }) => contribution),
      bodiesAtMs: Math.max(...bodies.map(({ atMs }) => atMs), 0),
    };
  }

  #problemOf({ payload, tokens, loss, validationLoss }: OwnContribution): string | undefined {
    const { maxPayloadBytes, payloadProblem } = this.#core.rules;
    const bad = (value: number): boolean => !(value >= 0 && value <= limits.loss);
    if (bad(loss) || (validationLoss !== undefined && bad(validationLoss)))
      return `a loss outside 0 to ${limits.loss}`;
    if (!Number.isInteger(tokens) || tokens < 0 || tokens > limits.tokens) return 'tokens out of range';
    if (payload.length > maxPayloadBytes) return 'the payload is too long';
    return payloadProblem(payload);
  }

  #rejectAgreeing(error: Error): void {
    for (const waiting of this.#agreeing.values()) waiting.reject(error);
    this.#agreeing.clear();
  }

  #assertOpen(): void {
    if (this.#core.closed) throw closedError();
  }

  #changed(): void {
    this.#view = undefined;
    for (const listener of this.#changeListeners) listener();
  }
}
