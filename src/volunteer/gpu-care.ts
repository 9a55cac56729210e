import type { StarlingError } from '../base/errors.ts';

/** What a round needs of the GPU besides work: to know when it failed, to have it set up again, and to let it rest. */
export interface GpuCare {
  /** Throws what the GPU has reported since it was set up and cannot be worked on with: `gpu-lost` or `gpu-out-of-memory`. */
  check(): void;
  /** The trouble with the GPU that is behind something thrown; undefined where it is something else. */
  troubleBehind(thrown: unknown): Promise<StarlingError | undefined>;
  /** How often the GPU has refused work. Where that was of a round, its numbers are not to be trusted. */
  readonly refusals: number;
  /**
   * The GPU refused work of `round`, so nothing was made of it for the others. Throws StarlingError `gpu-refuses-work` where this
   * happens on and on.
   */
  withheld(round: number): void;
  /**
   * Sets up everything as it was, smaller after a want of memory. The replica then holds the initial weights and the strategy
   * no momentum. Throws StarlingError `gpu-keeps-failing` or `gpu-refuses-work` where that happens too often, and as opening the
   * GPU does.
   */
  recover(trouble: StarlingError): Promise<void>;
  readonly duty: {
    /** The share of its time that the GPU may be busy, in [0.01, 1]. */
    readonly share: number;
    /** How long the GPU has been busy in all, rests left out; stays 0 where that is not measured. */
    readonly busyMs: number;
    /** Waits as long as the GPU is to rest before more work, or until `over`. */
    rest(over: AbortSignal): Promise<void>;
  };
}
