import type { Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { invariant } from '../base/invariant.ts';
import type { ChainContext } from './chain-context.ts';
import type { Body } from './exchange.ts';
import type { ChainRecord } from './membership.ts';
import type { RoundRecord } from './swarm-api.ts';

/** A record on our chain, the signed message it came in, what the chain says after it, and the contributions it counts. */
export interface LedgerEntry {
  readonly record: ChainRecord;
  readonly raw: Bytes;
  readonly context: ChainContext;
  readonly named: readonly Digest[];
  /** The contributions it counts, in its order. */
  readonly bodies: readonly Body[];
  /** The record as volunteers see it. */
  readonly shown: RoundRecord;
}

/** Rounds that stay for peers that lag. */
export const roundsKept = 8;
/** Rounds that stay at most, for a slow volunteer of our own or a snapshot in service. */
export const roundsKeptAtMost = 256;

/** The tail of our chain: records from `oldest` to the head, without a gap. */
export class Ledger {
  readonly #entries = new Map<number, LedgerEntry>();
  #oldest = 0;
  #head = -1;
  /** After record oldest - 1. */
  #base: ChainContext | undefined;

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

  /** The newest `count` entries, oldest first. */
  tail(count: number): readonly LedgerEntry[] {
    const from = Math.max(this.#oldest, this.#head - count + 1);
    return Array.from({ length: this.#head - from + 1 }, (_, i) => this.#entries.get(from + i)).filter(
      (entry) => entry !== undefined,
    );
  }

  /** Starts anew after the record of `base`, as a snapshot gives it; undefined is the beginning. */
  reset(base: ChainContext | undefined): void {
    this.#entries.clear();
    this.#head = base?.round ?? -1;
    this.#oldest = this.#head + 1;
    this.#base = base;
  }

  append(entry: LedgerEntry): void {
    invariant(entry.record.round === this.#head + 1, 'records are appended without a gap');
    this.#head++;
    this.#entries.set(this.#head, entry);
  }

  /** Takes back the records after `round`. */
  cutBack(round: number): void {
    invariant(round >= this.#oldest - 1, 'what is not kept cannot be gone back to');
    for (; this.#head > round; this.#head--) this.#entries.delete(this.#head);
  }

  /** After `round`; undefined where that is not known (any more). */
  contextAfter(round: number): ChainContext | undefined {
    return round === this.#oldest - 1 ? this.#base : this.#entries.get(round)?.context;
  }

  /** Members of `round`, those after record round - 1, sorted; empty where that is not known (any more). */
  membersOf(round: number): readonly PeerId[] {
    return this.contextAfter(round - 1)?.members.map(({ id }) => id) ?? [];
  }

  /** Forgets records so that rounds from `wanted` on stay, at least the last 8 and at most the last 256. */
  prune(wanted: number): void {
    const keepFrom = Math.max(
      this.#head - roundsKeptAtMost + 1,
      Math.min(wanted, this.#head - roundsKept + 1),
    );
    while (this.#oldest < keepFrom) {
      this.#base = this.#entries.get(this.#oldest)?.context;
      this.#entries.delete(this.#oldest);
      this.#oldest++;
    }
  }
}
