import { StarlingError } from '../base/errors.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import { limits } from './protocol.ts';
import { currentRound, hasGivenUp, isMember } from './round-state.ts';
import type { Sighting } from './sightings.ts';
import type { ReceivedSnapshot } from './snapshot-client.ts';
import type {
  AgreedRound,
  Entry,
  OwnContribution,
  Settlement,
  StoredState,
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

/** Records at the tail of the ledger that a view shows. */
const ledgerShown = 24;

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
const branchError = (): StarlingError =>
  new StarlingError(
    'swarm-branch',
    'The members went on from an earlier round than the one this replica stands at.',
    'Put the replica back to a stored state (stored, standAt) and follow from there.',
  );
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
  readonly #settledListeners: ((settlement: Settlement) => void)[] = [];
  readonly #sightingListeners: ((sighting: Sighting) => void)[] = [];
  #snapshotFrom: readonly PeerId[] = [];

  constructor(options: SwarmOptions) {
    this.#core = new SwarmCore(options, {
      accepted: (round) => {
        this.#accepted(round);
      },
      rolledBack: (round) => {
        this.#rolledBack(round);
      },
      settled: (settlement) => {
        for (const listener of this.#settledListeners) listener(settlement);
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
      sighted: (sighting) => {
        for (const listener of this.#sightingListeners) listener(sighting);
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
    if (this.#core.state.mode !== 'behind') this.#core.client.markWrong(this.#snapshotFrom);
    this.#entry?.reject(behindError());
    const entry = (this.#entry = deferred<Entry>());
    this.#rejectAgreeing(behindError());
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

  async publish(round: number, own: OwnContribution): Promise<boolean> {
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
    const isDue = (): boolean =>
      core.state.mode === 'following' &&
      round === currentRound(core.state) &&
      isMember(core.state, core.self) &&
      !hasGivenUp(core.state);
    // What this key signed for the round in an earlier life, or before the chain was cut back, still stands.
    if (!isDue() || round <= core.signingLog.highest('contribution')) return false;
    await core.signingLog.claim('contribution', round);
    const { payload, weight, tokens } = own;
    const loss = Math.fround(own.loss);
    const validationLoss = own.validationLoss === undefined ? undefined : Math.fround(own.validationLoss);
    const measures = { author: core.self, weight, tokens, loss, validationLoss };
    const raw = await core.sign({ kind: 'contribution', round, ...measures, payload });
    const counted = { ...measures, digest: await core.digest(raw) };
    this.#assertOpen();
    if (!isDue()) {
      core.tell({ kind: 'info', text: `Round ${round} was closed before this volunteer was done.` });
      // It was taken from the momentum and will not be counted: the owner is told at once.
      for (const listener of this.#settledListeners)
        listener({ round, digest: counted.digest, counted: false });
      return true;
    }
    const contribution = { ...counted, payload, round, messageBytes: raw.length };
    core.exchange.add({ contribution, raw, atMs: core.clock.now() });
    core.dispatch({ kind: 'published', round, digest: counted.digest });
    core.broadcast(raw);
    core.dispatch({ kind: 'contribution', from: core.self, round, counted });
    return true;
  }

  agree(round: number): Promise<AgreedRound> {
    const { ledger, state, closed } = this.#core;
    if (closed) return Promise.reject(closedError());
    if (state.mode === 'behind' || round < ledger.oldest) return Promise.reject(behindError());
    if (state.mode === 'following' && state.applied === undefined) return Promise.reject(branchError());
    if (round <= ledger.head) return Promise.resolve(this.#agreed(round));
    const waiting = this.#agreeing.get(round) ?? deferred<AgreedRound>();
    this.#agreeing.set(round, waiting);
    return waiting.promise;
  }

  confirm(round: number, state: string, record: Digest): Promise<void> {
    const core = this.#core;
    if (core.closed) return Promise.reject(closedError());
    const { applied, mode } = core.state;
    if (mode !== 'following' || applied === undefined) return Promise.resolve(); // agree says so next
    invariant(round === applied.round + 1 || round === applied.round, 'records are applied in order');
    if (core.state.trail.get(round) === record) core.dispatch({ kind: 'applied', round, state });
    else core.dispatch({ kind: 'misapplied' });
    core.prune();
    return Promise.resolve();
  }

  standAt(round: number, state: string): void {
    const core = this.#core;
    if (core.closed || core.state.mode !== 'following' || !core.state.trail.has(round)) return;
    core.dispatch({ kind: 'applied', round, state });
  }

  async keep(stored: StoredState): Promise<void> {
    if (!this.#core.closed) await this.#core.keep(stored);
  }

  stored(atMost?: number): StoredState | undefined {
    const { shelf, state } = this.#core;
    return shelf.newest((round, record) => state.trail.get(round) === record, atMost);
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
      ledger: this.#ledgerView(),
    };
    return this.#view;
  }

  onChange(listener: () => void): void {
    this.#changeListeners.push(listener);
  }

  onEvent(listener: (event: SwarmEvent) => void): void {
    this.#eventListeners.push(listener);
  }

  onSettled(listener: (settlement: Settlement) => void): void {
    this.#settledListeners.push(listener);
  }

  onSighting(listener: (sighting: Sighting) => void): void {
    this.#sightingListeners.push(listener);
  }

  close(): void {
    if (this.#core.closed) return;
    this.#core.close();
    this.#entry?.reject(closedError());
    this.#rejectAgreeing(closedError());
    this.#changed();
  }

  #accepted(round: number): void {
    if (round === 0) this.#resolveEntry({ kind: 'genesis', round: 0 });
    const waiting = this.#agreeing.get(round);
    this.#agreeing.delete(round);
    waiting?.resolve(this.#agreed(round));
  }

  #rolledBack(round: number): void {
    if (this.#core.state.applied !== undefined) return;
    for (const [waited, waiting] of this.#agreeing) {
      if (waited <= round) continue;
      this.#agreeing.delete(waited);
      waiting.reject(branchError());
    }
  }

  #entered({ round, record, state, bytes, from }: ReceivedSnapshot): void {
    this.#resolveEntry({ kind: 'snapshot', round, record, state, bytes }, from);
  }

  #resolveEntry(entry: Entry, from: readonly PeerId[] = []): void {
    this.#snapshotFrom = from;
    this.#entry?.resolve(entry);
    this.#entry = undefined;
  }

  #agreed(round: number): AgreedRound {
    const entry = this.#core.ledger.get(round);
    invariant(entry !== undefined, 'rounds from the oldest to the head are kept');
    const { shown, bodies } = entry;
    return {
      record: shown,
      contributions: bodies.map(({ contribution }) => contribution),
      bodiesAtMs: Math.max(...bodies.map(({ atMs }) => atMs), 0),
    };
  }

  #ledgerView(): SwarmView['ledger'] {
    const { ledger, state } = this.#core;
    const entries = ledger.tail(ledgerShown);
    return entries.map((entry) => {
      const { round } = entry.record;
      // The first later record that carries a certificate certifies it, by itself or through its descendants.
      const by = entries.find(({ record }) => (record.certificate?.round ?? -1) >= round)?.record.certificate;
      const standing = round <= state.finalRound ? 'final' : by === undefined ? 'provisional' : 'certified';
      return {
        record: entry.shown,
        members: entry.context.members.length,
        standing,
        by: by?.votes.length ?? 0,
        of: by?.of ?? 0,
      };
    });
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
