import { StarlingError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import { BusyMeter } from '../gpu/busy-meter.ts';
import { Gpu } from '../gpu/gpu.ts';
import { GpuWatch } from './gpu-watch.ts';
import { hearOfLoss } from './hear-of-loss.ts';
import type { Platform } from './platform.ts';
import type { StatusBoard } from './status-board.ts';

/** A GPU process that died comes back after a moment: so long is waited before asking again, ms. */
const retryAfterMs = [500, 1_500, 4_000] as const;
/** What is trouble with the GPU wherever it is thrown. */
const troubles = ['gpu-lost', 'gpu-out-of-memory', 'gpu-refuses-work'];

/** The GPU that a volunteer has open: opened again where it was lost, watched for trouble, and closed for good at the end. */
export class GpuInUse {
  readonly #platform: Pick<Platform, 'gpu' | 'clock'>;
  readonly #board: StatusBoard;
  readonly #watch: GpuWatch;
  #gpu: Gpu | undefined;
  #busyBeforeMs = 0;
  #closed = false;

  /** `changed` is called when the board was written to out of turn. */
  constructor(platform: Pick<Platform, 'gpu' | 'clock'>, board: StatusBoard, changed: () => void) {
    this.#platform = platform;
    this.#board = board;
    this.#watch = new GpuWatch(platform.clock, board, changed);
  }

  /** Throws StarlingError `swarm-closed` once it was closed. */
  get gpu(): Gpu {
    this.assertOpen();
    invariant(this.#gpu !== undefined, 'an open GPU');
    return this.#gpu;
  }

  /** Throws the trouble that the GPU has reported since it was opened. */
  check(): void {
    if (this.trouble !== undefined) throw this.trouble;
  }

  /** What tells the adapter in use from others, as far as it says. */
  get identity(): string {
    const { adapter, device } = this.gpu;
    const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
    return JSON.stringify([adapter, [...device.features].sort(), maxBufferSize, maxStorageBufferBindingSize]);
  }

  /** How long GPUs have been busy in all, up to now, ms. */
  get busyMs(): number {
    return this.#busyBeforeMs + (this.#gpu?.meter?.busyMs ?? 0);
  }

  /** Why the GPU cannot be worked on with any more: `gpu-lost` or `gpu-out-of-memory`, as far as it has said so. */
  get trouble(): StarlingError | undefined {
    return this.#watch.trouble;
  }

  /** How often GPUs have refused work. */
  get refusals(): number {
    return this.#watch.refusals;
  }

  /** Throws StarlingError `no-webgpu` or `no-adapter`. */
  async open(): Promise<void> {
    const gpu = await Gpu.open(this.#platform.gpu);
    if (this.#closed) gpu.close();
    this.#gpu = gpu;
    gpu.meter = new BusyMeter(() => this.#platform.clock.now());
    this.#board.adapter = gpu.adapter;
    this.#watch.watch(gpu);
  }

  /** Closes the GPU and opens what there is then, which may take a few seconds to be there. Throws as `open`. */
  async reopen(): Promise<void> {
    this.#abandon();
    for (const [attempt, pause] of [...retryAfterMs, undefined].entries()) {
      try {
        if (attempt > 0) this.assertOpen();
        await this.open();
        break;
      } catch (thrown) {
        const isFinal = thrown instanceof StarlingError && thrown.code !== 'no-adapter';
        if (pause === undefined || isFinal) throw thrown;
        await this.#pause(pause);
      }
    }
  }

  /** A device that comes back already lost, `failures` times in a row, is not asked for at once. */
  async backOff(failures: number): Promise<void> {
    if (failures > 0) await this.#pause(retryAfterMs[failures - 1] ?? retryAfterMs[2]);
  }

  /** The trouble behind something thrown while working on the GPU; waits a moment for it to be said. */
  async troubleBehind(thrown: unknown): Promise<StarlingError | undefined> {
    // Without a GPU there is none to blame: what was heard is of the one before.
    if (this.#closed || this.#gpu === undefined) return undefined;
    const code = thrown instanceof StarlingError ? thrown.code : undefined;
    if (thrown instanceof StarlingError && troubles.includes(thrown.code))
      return this.#watch.trouble ?? thrown;
    // A kernel that cannot be compiled, a buffer that cannot be read: it may be that there is no GPU any more.
    const isSuspect = code === undefined || code.startsWith('gpu-');
    if (this.#watch.trouble === undefined && isSuspect) await hearOfLoss(this.#gpu, this.#platform.clock);
    return this.#watch.trouble;
  }

  /** Throws StarlingError `swarm-closed` once it was closed. */
  assertOpen(): void {
    if (this.#closed)
      throw new StarlingError('swarm-closed', 'This volunteer has left the run.', 'Join again to go on.');
  }

  close(): void {
    this.#closed = true;
    this.#abandon();
  }

  #abandon(): void {
    const gpu = this.#gpu;
    if (gpu === undefined) return;
    this.#busyBeforeMs += gpu.meter?.busyMs ?? 0;
    this.#gpu = undefined;
    gpu.close();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#platform.clock.after(ms, resolve);
    });
  }
}
