import type { Bytes } from '../base/bytes.ts';

/** A contribution as apply sees it: a decoded-and-checked payload's bytes and its vote weight. */
export interface WeightedPayload {
  readonly payload: Bytes;
  readonly weight: number;
}

/**
 * How replicas communicate and update. The contract every strategy keeps: replicas that apply the same rounds hold the
 * same 32-bit words; alone equals one contribution; what is not sent is kept for later.
 */
export interface Strategy<Update = unknown> {
  readonly name: string;
  /**
   * Folds the replica's accumulated gradients into local momentum and takes out what leaves this round, remembering what it
   * was until `giveBack` or `forget`. A round is compressed once while it is remembered.
   */
  compress(round: number): Promise<Bytes>;
  /** Folds the replica's accumulated gradients into local momentum and takes nothing out: the warm-up of a joiner. */
  accumulate(round: number): Promise<void>;
  /**
   * Puts what this volunteer's contribution of `round` took out of the momentum back, as it would have decayed since. False,
   * and nothing happens, where there is nothing to give back: already given back, forgotten, dropped or never compressed.
   */
  giveBack(round: number): boolean;
  /** The contribution of `round` is final and counted: it will not be given back. False where nothing was kept of it. */
  forget(round: number): boolean;
  /** Own contributions neither given back nor forgotten yet, and those that waited too long and are lost. */
  readonly departures: { readonly open: number; readonly dropped: number };
  /** A short stable reason why `payload` is not one of this run's, or undefined. Any bytes may be given. */
  payloadProblem(payload: Bytes): string | undefined;
  /** The sum of the contributions, the same words whatever their order. */
  aggregate(contributions: readonly WeightedPayload[]): Update;
  /** Moves the replica's parameters by the update, bit-exactly. */
  apply(round: number, update: Update): Promise<void>;
}
