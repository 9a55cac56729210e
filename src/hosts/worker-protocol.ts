import type { PresetName } from '../model/config.ts';
import type { Precision } from '../model/precision.ts';
import type { MetricsDelta } from '../volunteer/metrics-feed.ts';
import type { PauseCause } from '../volunteer/comfort.ts';
import type { RunConfig } from '../volunteer/run-config.ts';
import type { StatusDelta } from '../volunteer/status-feed.ts';
import type { ModelRequest } from './model-requests.ts';

/** What the page tells its training worker. Both ends are our own code. */
export type ToWorker =
  | { readonly kind: 'probe' }
  | {
      readonly kind: 'start';
      readonly config: RunConfig;
      readonly keys: CryptoKeyPair;
      /** Whether the keys outlive this page: then so must what they sign. */
      readonly keysAreKept: boolean;
      /** The worker's end of the transport that runs on the page's thread. */
      readonly transport: MessagePort;
      /** Where the corpus files are, ending with a slash. */
      readonly corpusUrl: string;
      readonly localSeed: number;
      /** The most of its time that the GPU may be busy, in [0.01, 1]. */
      readonly gpuShare: number;
      /** Why it is to begin paused; undefined: it is not. */
      readonly hold: PauseCause | undefined;
      /** What the address asks gradients to be computed in. */
      readonly precision: Precision | undefined;
    }
  /** Takes effect between two submits. */
  | { readonly kind: 'gpu-share'; readonly share: number }
  /** Pause for this cause, whatever its person wants; undefined: no longer. */
  | { readonly kind: 'hold'; readonly cause: PauseCause | undefined }
  | ModelRequest
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'leave' };

export interface Probe {
  readonly gflops: number;
  readonly adapter: string;
  readonly software: boolean;
  readonly preset: PresetName;
  /** One sentence: why this preset. */
  readonly reason: string;
}

export type FromWorker =
  | { readonly kind: 'probed'; readonly probe: Probe }
  | { readonly kind: 'failed'; readonly message: string; readonly fix: string }
  /** What changed. What every round measured comes once; the page keeps it, and makes the status's curve of it. */
  | { readonly kind: 'status'; readonly delta: StatusDelta; readonly metrics: MetricsDelta | undefined };
