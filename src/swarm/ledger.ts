import type { Bytes } from '../base/bytes.ts';
import type { PeerId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import type { ChainRecord, Member } from './membership.ts';

/** A record on our chain, the signed message it came in, and the members after it. */
export interface LedgerEntry {
  readonly record: ChainRecord;
  readonly raw: Bytes;
  readonly members: readonly Member[];
}

/** Rounds that stay for peers that lag. */
export const roundsKept = 8;
/** Rounds that stay at most, for a slow volunteer of our own or a snapshot in service. */
export const roundsKeptAtMost = 64;

/** The tail of the linear chain: records from `oldest` to the head, without a gap. */
export class Ledger {
  readonly #entries = new Map<number, LedgerEntry>();
  #oldest = 0;
  #head = -1;
  /** Members after record oldest - 1. */
  #base: readonly Member[] = [];

  /** The newest round, -1 before record 0. */
  get head(): number {
    return this.#head;
  }

  /** The oldest round that is still here; head + 1 if none is. */
  get oldest(): number {
    return this.#oldest;
  }

  get(round: number): LedgerEntry | undefined {
    return this.#entries.get(round);
  }

  /** Starts anew after record `round`, as a snapshot gives it; -1 with no members is the beginning. */
  reset(round: number, members: readonly Member[]): void {
    this.#entries.clear();
    this.#head = round;
    this.#oldest = round + 1;
    this.#base = members;
  }

  append(entry: LedgerEntry): void {
    invariant(entry.record.round === this.#head + 1, 'records are appended without a gap');
    this.#head++;
    this.#entries.set(this.#head, entry);
  }

  /** Members of `round`, those after record round - 1, sorted; empty where that is not known (any more). */
  membersOf(round: number): readonly PeerId[] {
    const members = round === this.#oldest ? this.#base : (this.#entries.get(round - 1)?.members ?? []);
    return members.map(({ id }) => id);
  }

  /** Members after `round`, with their keys; undefined where that is not known. */
  membersAfter(round: number): readonly Member[] | undefined {
    return round === this.#oldest - 1 ? this.#base : this.#entries.get(round)?.members;
  }

  /** Forgets records so that rounds from `wanted` on stay, at least the last 8 and at most the last 64. */
  prune(wanted: number): void {
    const keepFrom = Math.max(
      this.#head - roundsKeptAtMost + 1,
      Math.min(wanted, this.#head - roundsKept + 1),
    );
    while (this.#oldest < keepFrom) {
      this.#base = this.#entries.get(this.#oldest)?.members ?? [];
      this.#entries.delete(this.#oldest);
      this.#oldest++;
    }
  }
}
