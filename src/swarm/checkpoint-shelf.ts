import type { Bytes } from '../base/bytes.ts';
import type { Digest } from '../base/ids.ts';

/** The replica after `round` as bytes that never change again, and what a latecomer must know to go on from there. */
export interface Checkpoint {
  readonly round: number;
  readonly record: Digest;
  /** Digest of the replica's state: 32 hex digits. */
  readonly state: string;
  readonly bytes: Bytes;
  /** What the ledger needs to go on from `record`. */
  readonly context: Bytes;
  /** Leaf hashes of the pieces: merkle.ts. */
  readonly leaves: readonly Bytes[];
  readonly root: Digest;
}

/** Whether the record of this round on our chain has this digest. */
export type OnChain = (round: number, record: Digest) => boolean;

const mostKept = 4;
const finalKept = 2;

/**
 * The snapshots this volunteer can give and go back to: the two newest final ones, and newer ones that are not final yet,
 * four in all (design section 4).
 */
export class CheckpointShelf {
  /** Oldest first; at most one for each record. */
  #kept: Checkpoint[] = [];
  #finalRound = -1;

  /** Replaces one of the same record. */
  add(checkpoint: Checkpoint): void {
    this.#kept = this.#kept.filter(({ record }) => record !== checkpoint.record);
    this.#kept.push(checkpoint);
    this.#kept.sort((a, b) => a.round - b.round);
    this.#dropSurplus();
  }

  /** The newest one on the chain, of a round of at most `atMost`. */
  newest(onChain: OnChain, atMost = Infinity): Checkpoint | undefined {
    return this.#kept.findLast(({ round, record }) => round <= atMost && onChain(round, record));
  }

  byRoot(root: Digest): Checkpoint | undefined {
    return this.#kept.find((one) => one.root === root);
  }

  /** Drops what was rolled back, and what is beyond the two newest final ones (of rounds up to `finalRound`) and four in all. */
  prune(finalRound: number, onChain: OnChain): void {
    this.#finalRound = finalRound;
    this.#kept = this.#kept.filter(({ round, record }) => onChain(round, record));
    this.#dropSurplus();
  }

  /** Round of the oldest one: the records after it must be kept. */
  get oldestRound(): number | undefined {
    return this.#kept[0]?.round;
  }

  get size(): number {
    return this.#kept.length;
  }

  clear(): void {
    this.#kept = [];
    this.#finalRound = -1;
  }

  #dropSurplus(): void {
    const final = this.#kept.filter(({ round }) => round <= this.#finalRound).slice(-finalKept);
    const unfinal = this.#kept.filter(({ round }) => round > this.#finalRound);
    this.#kept = [...final, ...unfinal.slice(-(mostKept - final.length))];
  }
}
