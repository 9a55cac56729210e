import type { StarlingError } from '../base/errors.ts';
import type { Replica } from '../model/replica.ts';
import type { DistroStrategy } from '../strategies/distro.ts';
import { DutyCycle } from './duty-cycle.ts';
import type { GpuCare } from './gpu-care.ts';
import { GpuInUse } from './gpu-in-use.ts';
import { ModelOnGpu } from './model-on-gpu.ts';
import type { Platform } from './platform.ts';
import { RefusedRounds } from './refused-rounds.ts';
import type { RunConfig } from './run-config.ts';
import type { StatusBoard } from './status-board.ts';
import { TroubleBudget } from './trouble-budget.ts';

/** What an event is shown as that tells of a trouble. */
const eventKinds = new Map([
  ['gpu-lost', 'gpu-lost'],
  ['gpu-out-of-memory', 'gpu-memory'],
]);

/**
 * The GPU that a volunteer works on, with the model and its strategy on it. A GPU may be lost at any time, run out of memory or
 * refuse work: this is where it is noticed, and where everything is set up again. Numbers are lost with it: who set it up has to
 * put the replica back to a state of the ledger.
 */
export class Workbench implements GpuCare {
  readonly duty: DutyCycle;
  readonly #platform: Pick<Platform, 'gpu' | 'clock' | 'tuning' | 'precision'>;
  readonly #board: StatusBoard;
  readonly #inUse: GpuInUse;
  readonly #budget: TroubleBudget;
  readonly #refused: RefusedRounds;
  readonly #model: ModelOnGpu;

  /** `changed` is called when the board was written to out of turn. */
  constructor(
    platform: Pick<Platform, 'gpu' | 'clock' | 'tuning' | 'precision'>,
    config: RunConfig,
    board: StatusBoard,
    changed: () => void,
  ) {
    this.#platform = platform;
    this.#board = board;
    this.#inUse = new GpuInUse(platform, board, changed);
    this.#budget = new TroubleBudget(platform.clock);
    this.#refused = new RefusedRounds(platform.clock, board);
    this.#model = new ModelOnGpu(platform, config, board, this.#inUse, changed);
    this.duty = new DutyCycle(platform.clock, () => this.#inUse.busyMs);
  }

  /** The replica on the GPU in use: another one after `recover`. */
  get replica(): Replica {
    return this.#model.replica;
  }

  get strategy(): DistroStrategy {
    return this.#model.strategy;
  }

  /** Opens the GPU. Throws StarlingError `no-webgpu` or `no-adapter`. */
  open(): Promise<void> {
    return this.#inUse.open();
  }

  /** Puts the model on the GPU: the fastest kernels, in pieces that are quick enough and fit. Throws as `openReplica`. */
  async setUp(): Promise<void> {
    try {
      await this.#model.setUp();
    } catch (thrown) {
      await this.recover(await this.#newTrouble(thrown));
    }
    this.duty.startAnew();
  }

  check(): void {
    this.#inUse.check();
  }

  troubleBehind(thrown: unknown): Promise<StarlingError | undefined> {
    return this.#inUse.troubleBehind(thrown);
  }

  get refusals(): number {
    return this.#inUse.refusals;
  }

  withheld(round: number): void {
    this.#refused.withheld(round);
  }

  async recover(trouble: StarlingError): Promise<void> {
    const { clock } = this.#platform;
    const start = clock.now();
    const { identity } = this.#inUse;
    let cause = trouble;
    for (let failures = 0; ; failures++) {
      this.#budget.spend(cause);
      if (cause.code === 'gpu-out-of-memory') this.#model.takeLess();
      await this.#inUse.backOff(failures);
      try {
        this.#inUse.assertOpen();
        await this.#reopen();
        break;
      } catch (thrown) {
        cause = await this.#newTrouble(thrown);
      }
    }
    this.duty.startAnew();
    this.#refused.startAnew();
    if (trouble.code === 'gpu-lost') this.#board.gpuLosses++;
    const seconds = ((clock.now() - start) / 1000).toFixed(1);
    const where = identity === this.#inUse.identity ? '' : ` on ${this.#inUse.gpu.adapter.name}`;
    this.#tell(
      eventKinds.get(trouble.code) ?? 'gpu-error',
      `${trouble.message.replace(/\.$/, '')}. It was set up again${where} within ${seconds} s.`,
    );
  }

  close(): void {
    this.duty.share = 1; // ends a rest
    this.#inUse.close();
  }

  /** The trouble behind something thrown, if setting up again may help; else throws it again. */
  async #newTrouble(thrown: unknown): Promise<StarlingError> {
    const trouble = await this.troubleBehind(thrown);
    // That nothing smaller fits is what the model's own making says, not the GPU.
    const isNews = trouble?.code === 'gpu-lost' || this.#inUse.trouble !== undefined;
    if (trouble === undefined || !isNews) throw thrown;
    return trouble;
  }

  /** On the same adapter, what was found out of it stands. */
  async #reopen(): Promise<void> {
    const { identity, gpu } = this.#inUse;
    await this.#inUse.reopen();
    const isSame = identity === this.#inUse.identity;
    if (isSame) {
      const { choices, kernels } = this.#inUse.gpu;
      for (const [key, variant] of gpu.choices) choices.set(key, variant);
      for (const [kind, count] of gpu.kernels.parts) kernels.parts.set(kind, count);
    }
    await this.#model.setUpAgain(isSame);
  }

  #tell(kind: string, text: string): void {
    this.#board.event({ atMs: this.#platform.clock.now(), kind, text });
  }
}
