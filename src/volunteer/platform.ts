import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Precision } from '../model/precision.ts';
import type { Signer } from '../swarm/identity.ts';
import type { SigningLog } from '../swarm/signing-log.ts';
import type { Transport } from '../swarm/transport.ts';
import type { PauseCause } from './comfort.ts';
import type { FetchStart } from './start-weights.ts';
import type { Fetching } from './status.ts';
import type { TuningStore } from './tuning-record.ts';

/** What a host (a page's worker, Node, a test) supplies to a volunteer. */
export interface Platform {
  /** `navigator.gpu`, or undefined where there is none. */
  readonly gpu: GPU | undefined;
  readonly clock: Clock;
  readonly signer: Signer;
  /** What `signer` has signed in this run, as durable as its key; absent: nothing, and the key is kept nowhere. */
  readonly signingLog?: SigningLog;
  readonly transport: Transport;
  /** Reads a file of the corpus by name: `manifest.json` or `<digest>.bin`. */
  readonly fetchCorpus: (name: string) => Promise<Bytes>;
  /**
   * Bytes of text that a server has sent so far. What came out of this browser is none, and what other volunteers gave is counted
   * by `transport`. Absent: none.
   */
  readonly servedBytes?: () => number;
  /** The weights a run starts from, as a replica's snapshot; rejects with a StarlingError. Absent: such runs cannot be begun here. */
  readonly fetchStart?: FetchStart;
  /** Has a listener told of what is waited for; absent: nothing is told. */
  readonly onFetching?: (listener: (fetching: Fetching | undefined) => void) => void;
  /** Local randomness: sampling text. Never feeds replicated state. */
  readonly localSeed: number;
  /** The most of its time that the GPU may be busy with this, in [0.01, 1]; absent: all of it. */
  readonly gpuShare?: number;
  /** Why it is to begin paused; absent: it is not. */
  readonly heldBy?: PauseCause | undefined;
  /** What to compute gradients in where the GPU can; absent: as `choosePrecision` finds. */
  readonly precision?: Precision | undefined;
  /** Keeps what was measured of this machine's GPU; absent: it is measured at every visit. */
  readonly tuning?: TuningStore;
}
