import type { Bytes } from '../base/bytes.ts';
import type { Replica } from '../model/replica.ts';
import type { StoredState, Swarm } from '../swarm/swarm-api.ts';

/** Where a replica stands: after `round`, with this digest (32 hex digits). */
export interface Stand {
  readonly round: number;
  readonly state: string;
}

const smallSnapshotBytes = 16 << 20;

/** A replica is kept for latecomers, repair and going back after every round divisible by this. */
export const checkpointEvery = (snapshotBytes: number): number =>
  snapshotBytes < smallSnapshotBytes ? 8 : 64;

/** Hands states of the replica to the swarm, off the path of the round. */
export class Checkpoints {
  readonly every: number;
  readonly #swarm: Pick<Swarm, 'keep' | 'stored' | 'standAt'>;
  readonly #replica: Pick<Replica, 'snapshot' | 'restore' | 'digest'>;
  readonly #failed: (thrown: unknown) => void;
  /** Counts how often the replica left the chain it was on. */
  #moves = 0;

  /** `failed` is told why a state was not kept. */
  constructor(
    swarm: Pick<Swarm, 'keep' | 'stored' | 'standAt'>,
    replica: Pick<Replica, 'snapshot' | 'restore' | 'digest' | 'layout'>,
    failed: (thrown: unknown) => void,
  ) {
    this.#swarm = swarm;
    this.#replica = replica;
    this.#failed = failed;
    this.every = checkpointEvery(4 * replica.layout.length);
  }

  /** Keeps the replica as it is now. Its words are copied on the GPU before anything later changes them; nobody waits for it. */
  take(at: Stand): void {
    this.#take(at).catch(this.#failed);
  }

  async #take(at: Stand): Promise<void> {
    const moves = this.#moves;
    const bytes = await this.#replica.snapshot();
    // Another record may be at this round by now, and this is not the state after it.
    if (moves === this.#moves) await this.#swarm.keep({ ...at, bytes });
  }

  /** Keeps bytes that are at hand. */
  keep(at: Stand, bytes: Bytes): void {
    this.#swarm.keep({ ...at, bytes }).catch(this.#failed);
  }

  /** The replica is put to a state that does not follow from the one before: what is still being read is not kept. */
  moved(): void {
    this.#moves++;
  }

  /** Puts the replica back to the newest kept state of the chain as it now is; undefined where there is none to trust. */
  async goBack(): Promise<Stand | undefined> {
    this.moved();
    for (;;) {
      const stored = this.#swarm.stored();
      if (stored === undefined || !(await this.#restored(stored))) return undefined;
      // The chain may have been cut back further meanwhile.
      if (this.#swarm.stored() !== stored) continue;
      const { round, state } = stored;
      this.#swarm.standAt(round, state);
      return { round, state };
    }
  }

  async #restored({ bytes, state }: StoredState): Promise<boolean> {
    return this.#replica.restore(bytes).ok && (await this.#replica.digest()) === state;
  }
}
