import { StarlingError } from '../base/errors.ts';
import type { PeerId } from '../base/ids.ts';
import { hyperparametersOf } from './run-config.ts';
import type { StoredState, SwarmView } from '../swarm/swarm-api.ts';
import type { Checkpoints, Stand } from './checkpoints.ts';
import { differenceOf, repairReplica, type ReplayableRound, type RepairOutcome } from './repair.ts';
import type { Street } from './train-round.ts';

/** Above this many parameters a replay on the CPU takes too long: the rounds are applied again on the GPU. */
export const mostCpuParameters = 4_000_000;

const repairsAllowed = 2;
const repairWindow = 20;
/** After a replay that found nothing wrong here, the next one waits this many rounds, then twice as many, and so on. */
const quietRounds = 8;
/** So long a difference may stand that no certificate has decided, before this replica is looked into all the same. */
const undecidedRounds = 3;

/** What looking into a difference came to. `lost`: nothing here is known to be right; the model has to come from others. */
export type Mended =
  | { readonly kind: 'sound' }
  | { readonly kind: 'repaired'; readonly at: Stand; readonly text: string }
  | { readonly kind: 'lost'; readonly reason: string };

/**
 * Looks into a replica that differs from the others': replays the ledger from a kept state (repair.ts), and puts the replica
 * right where it is wrong. The replay depends on the ledger alone, so it is right whoever the majority is.
 */
export class Mender {
  readonly #street: Street;
  readonly #checkpoints: Checkpoints;
  #repairedAt: number[] = [];
  #quietUntil = -1;
  #quietFor = quietRounds;
  /** The round at which a difference was first seen that no certificate has decided. */
  #undecidedSince: number | undefined;

  constructor(street: Street, checkpoints: Checkpoints) {
    this.#street = street;
    this.#checkpoints = checkpoints;
  }

  /**
   * The round after which the replica that stands at `at` is in doubt, if it is and is to be looked into now. Two members
   * can never certify which of them is right, and with more it may take too many at once: then whoever sees a difference
   * looks.
   */
  inDoubt(view: SwarmView, self: PeerId, at: Stand): number | undefined {
    if (view.replicasAgree) this.#undecidedSince = undefined;
    else this.#undecidedSince ??= at.round;
    if (at.round < this.#quietUntil) return undefined;
    if (view.differs !== undefined && view.differs.round <= at.round) return view.differs.round;
    if (this.#undecidedSince === undefined) return undefined;
    const others = view.members.filter((id) => id !== self).length;
    const isDue = others <= 1 || at.round - this.#undecidedSince >= undecidedRounds;
    return isDue && at.round > 0 ? at.round : undefined;
  }

  /**
   * Rejects with StarlingError `gpu-computes-wrongly` when this replica had to be repaired too often, and as Swarm.agree
   * does where a round is no longer kept.
   */
  async mend(doubted: number, at: Stand): Promise<Mended> {
    const { swarm } = this.#street;
    let outcome: RepairOutcome = { kind: 'failed', reason: 'no earlier state is kept' };
    let replayed = 0;
    // A state that was kept when the replica was wrong already leads to the same wrong words: then an older one is tried.
    let stored = swarm.stored(doubted - 1);
    for (let attempt = 0; attempt < 2 && stored !== undefined; attempt++) {
      const states = new Map<number, string>();
      outcome = await this.#replay(stored, at, states);
      replayed = at.round - stored.round;
      if (outcome.kind === 'repaired') {
        this.#checkpoints.moved();
        for (const [round, state] of states) swarm.standAt(round, state);
        break;
      }
      if (outcome.kind === 'sound' && swarm.view().differs === undefined) break;
      stored = swarm.stored(stored.round - 1);
    }
    if (outcome.kind === 'failed') return { kind: 'lost', reason: outcome.reason };
    this.#undecidedSince = undefined;
    if (outcome.kind === 'sound') {
      this.#quietUntil = at.round + this.#quietFor;
      this.#quietFor *= 2;
      return { kind: 'sound' };
    }
    this.#countRepair(at.round);
    this.#quietFor = quietRounds;
    const { difference, round, state } = outcome;
    const words = counted(difference.words, 'word');
    const tensors = counted(difference.tensors.length, 'tensor');
    const how = this.#onGpu ? ' on the GPU, as the model is too large for the CPU' : '';
    const text = `This replica differed in ${words} of ${tensors} after round ${doubted}; it was put right by replaying ${counted(replayed, 'round')}${how}.`;
    return { kind: 'repaired', at: { round, state }, text };
  }

  get #onGpu(): boolean {
    return this.#street.replica.layout.length > mostCpuParameters;
  }

  #countRepair(round: number): void {
    this.#repairedAt = [...this.#repairedAt.filter((one) => one > round - repairWindow), round];
    if (this.#repairedAt.length <= repairsAllowed) return;
    throw new StarlingError(
      'gpu-computes-wrongly',
      `This GPU computes wrongly: its replica had to be repaired ${this.#repairedAt.length} times within ${repairWindow} rounds.`,
      'Update the graphics driver or the browser, or join from another machine.',
    );
  }

  async #replay(stored: StoredState, at: Stand, states: Map<number, string>): Promise<RepairOutcome> {
    const { swarm, replica, config } = this.#street;
    const rounds: ReplayableRound[] = [];
    for (let round = stored.round + 1; round <= at.round; round++) {
      const { contributions } = await swarm.agree(round);
      rounds.push({ round, contributions });
    }
    if (this.#onGpu) return this.#replayOnGpu(stored, rounds, states);
    return repairReplica(
      replica,
      hyperparametersOf(config),
      stored,
      rounds,
      async (done, _total, reference) => {
        const round = stored.round + done;
        const state = reference.digest();
        states.set(round, state);
        this.#replaceKept(round, state, () => new Uint8Array(reference.values.slice().buffer));
        await this.#yield();
      },
    );
  }

  /** Restores the kept state and applies the rounds again. A GPU that computes wrongly may do so again: the digests tell. */
  async #replayOnGpu(
    stored: StoredState,
    rounds: readonly ReplayableRound[],
    states: Map<number, string>,
  ): Promise<RepairOutcome> {
    const { replica, strategy } = this.#street;
    const before = new Float32Array((await replica.snapshot()).buffer);
    if (!replica.restore(stored.bytes).ok || (await replica.digest()) !== stored.state)
      return { kind: 'failed', reason: 'checkpoint is not the agreed state' };
    let { round, state } = stored;
    for (const next of rounds) {
      await strategy.apply(next.round, strategy.aggregate(next.contributions));
      state = await replica.digest();
      round = next.round;
      states.set(round, state);
      await this.#yield();
    }
    const after = new Float32Array((await replica.snapshot()).buffer);
    const difference = differenceOf(replica.layout, before, after);
    return difference.words === 0
      ? { kind: 'sound', round, state }
      : { kind: 'repaired', round, state, difference };
  }

  /** What was kept of a round while the replica was wrong would mislead latecomers, and the next repair. */
  #replaceKept(round: number, state: string, bytes: () => Uint8Array<ArrayBuffer>): void {
    const kept = this.#street.swarm.stored(round);
    if (kept?.round === round && kept.state !== state) this.#checkpoints.keep({ round, state }, bytes());
  }

  /** A worker has messages to hear in between. */
  #yield(): Promise<void> {
    return new Promise((resolve) => {
      this.#street.clock.after(0, resolve);
    });
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
