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
  /** Folds the replica's accumulated gradients into local momentum and takes out what leaves this round. */
  compress(round: number): Promise<Bytes>;
  /** A short stable reason why `payload` is not one of this run's, or undefined. Any bytes may be given. */
  payloadProblem(payload: Bytes): string | undefined;
  /** The sum of the contributions, the same words whatever their order. */
  aggregate(contributions: readonly WeightedPayload[]): Update;
  /** Moves the replica's parameters by the update, bit-exactly. */
  apply(round: number, update: Update): Promise<void>;
}
