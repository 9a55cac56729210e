import type { StarlingError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import { SeededRandom } from '../base/random.ts';
import { cutLongDispatches, type CutReport } from '../gpu/dispatch-cuts.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { openReplica } from '../model/open-replica.ts';
import type { Precision } from '../model/precision.ts';
import type { Replica, ReplicaOptions } from '../model/replica.ts';
import { DistroStrategy } from '../strategies/distro.ts';
import { DutyCycle } from './duty-cycle.ts';
import type { GpuCare } from './gpu-care.ts';
import { GpuInUse } from './gpu-in-use.ts';
import { longestAllowedMs, planOf, quickBatch } from './gpu-plan.ts';
import type { Platform } from './platform.ts';
import { choosePrecision } from './precision.ts';
import { RefusedRounds } from './refused-rounds.ts';
import { hyperparametersOf, type RunConfig } from './run-config.ts';
import type { StatusBoard } from './status-board.ts';
import { TroubleBudget } from './trouble-budget.ts';
import { tuneKernels } from './tuning.ts';

/** Longer than this, joining may not be held up by measuring dispatches. */
const measuringMs = 5_000;

/** What an event is shown as that tells of a trouble. */
const eventKinds = new Map([
  ['gpu-lost', 'gpu-lost'],
  ['gpu-out-of-memory', 'gpu-memory'],
]);

interface Bench {
  readonly replica: Replica;
  readonly strategy: DistroStrategy;
  readonly taken: ReplicaOptions;
}

/**
 * The GPU that a volunteer works on, with the model and its strategy on it. A GPU may be lost at any time, run out of memory or
 * refuse work: this is where it is noticed, and where everything is set up again. Numbers are lost with it: who set it up has to
 * put the replica back to a state of the ledger.
 */
export class Workbench implements GpuCare {
  readonly duty: DutyCycle;
  readonly #platform: Pick<Platform, 'gpu' | 'clock' | 'tuning' | 'precision'>;
  readonly #config: RunConfig;
  readonly #board: StatusBoard;
  readonly #inUse: GpuInUse;
  readonly #budget: TroubleBudget;
  #bench: Bench | undefined;
  #quickBatch: number;
  #wholeMs: number | undefined;
  #cuts: CutReport | undefined;
  /** What ran out of memory. */
  #tooLarge: ReplicaOptions | undefined;
  /** Memory ran out before the model was on the GPU: nothing else is put beside it. */
  #isShort = false;
  /** The bench is of the GPU in use. Others ask one of a lost GPU what a payload is, meanwhile. */
  #isPlaced = false;
  /** All was measured that is, on an adapter like the one in use. */
  #isMeasured = false;
  readonly #refused: RefusedRounds;

  /** `changed` is called when the board was written to out of turn. */
  constructor(
    platform: Pick<Platform, 'gpu' | 'clock' | 'tuning' | 'precision'>,
    config: RunConfig,
    board: StatusBoard,
    changed: () => void,
  ) {
    this.#platform = platform;
    this.#config = config;
    this.#board = board;
    this.#inUse = new GpuInUse(platform, board, changed);
    this.#budget = new TroubleBudget(platform.clock);
    this.#refused = new RefusedRounds(platform.clock, board);
    this.#quickBatch = config.microBatch;
    this.duty = new DutyCycle(platform.clock, () => this.#inUse.busyMs);
  }

  /** The replica on the GPU in use: another one after `recover`. */
  get replica(): Replica {
    return this.#set.replica;
  }

  get strategy(): DistroStrategy {
    return this.#set.strategy;
  }

  /** Opens the GPU. Throws StarlingError `no-webgpu` or `no-adapter`. */
  open(): Promise<void> {
    return this.#inUse.open();
  }

  /** Puts the model on the GPU: the fastest kernels, in pieces that are quick enough and fit. Throws as `openReplica`. */
  async setUp(): Promise<void> {
    try {
      await this.#setUp();
      this.#isMeasured = true;
    } catch (thrown) {
      await this.recover(await this.#newTrouble(thrown));
    }
    this.duty.startAnew();
  }

  check(): void {
    if (this.#inUse.trouble !== undefined) throw this.#inUse.trouble;
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
      if (cause.code === 'gpu-out-of-memory') this.#takeLess();
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
    this.#report();
    const seconds = ((clock.now() - start) / 1000).toFixed(1);
    const where = identity === this.#inUse.identity ? '' : ` on ${this.#opened.adapter.name}`;
    this.#tell(
      eventKinds.get(trouble.code) ?? 'gpu-error',
      `${trouble.message.replace(/\.$/, '')}. It was set up again${where} within ${seconds} s.`,
    );
  }

  close(): void {
    this.duty.share = 1; // ends a rest
    this.#inUse.close();
  }

  get #set(): Bench {
    invariant(this.#bench !== undefined, 'a model on the GPU');
    return this.#bench;
  }

  async #setUp(): Promise<void> {
    const { microBatch } = this.#config;
    await this.#tune();
    await this.#prepare();
    const { batch } = this.replica;
    const wholeMs = ((await this.#measure()) * microBatch) / batch;
    const quick = quickBatch(wholeMs, microBatch);
    if (quick < batch) {
      this.#wholeMs = wholeMs;
      this.#quickBatch = quick;
      this.#clear();
      await this.#tune();
      await this.#prepare();
      await this.#measure();
    }
    this.#report();
  }

  /** The trouble behind something thrown, if setting up again may help; else throws it again. */
  async #newTrouble(thrown: unknown): Promise<StarlingError> {
    const trouble = await this.troubleBehind(thrown);
    // That nothing smaller fits is what the model's own making says, not the GPU.
    const isNews = trouble?.code === 'gpu-lost' || this.#inUse.trouble !== undefined;
    if (trouble === undefined || !isNews) throw thrown;
    return trouble;
  }

  /** What ran out of memory is not tried again. */
  #takeLess(): void {
    if (!this.#isPlaced) this.#isShort = true;
    const whole = { seed: 0, batch: this.#quickBatch, sequence: this.#config.model.context };
    this.#tooLarge = this.#isPlaced ? this.#set.taken : whole;
  }

  /** As it was, on the same adapter and once all was measured; else all is chosen, measured and cut anew. */
  async #reopen(): Promise<void> {
    const { identity } = this.#inUse;
    const choices = new Map(this.#opened.choices);
    const parts = new Map(this.#opened.kernels.parts);
    const measured = this.#bench?.replica.batch;
    await this.#inUse.reopen();
    this.#isPlaced = false;
    if (identity === this.#inUse.identity) {
      for (const [key, variant] of choices) this.#opened.choices.set(key, variant);
      for (const [kind, count] of parts) this.#opened.kernels.parts.set(kind, count);
    } else {
      this.#forgetMeasures();
    }
    if (!this.#isMeasured) {
      await this.#setUp();
      this.#isMeasured = true;
      return;
    }
    await this.#prepare();
    if (this.replica.batch !== measured) await this.#measure(); // other sizes are other kinds of dispatch
  }

  /** What was found out of a GPU says nothing of another. */
  #forgetMeasures(): void {
    this.#quickBatch = this.#config.microBatch;
    this.#wholeMs = undefined;
    this.#tooLarge = undefined;
    this.#isShort = false;
    this.#isMeasured = false;
    this.#board.precision = undefined;
  }

  async #tune(): Promise<void> {
    if (this.#isShort) return;
    const { clock, tuning, precision: wished } = this.#platform;
    const { model, strategy } = this.#config;
    const isOpen = wished === undefined && this.#board.precision === undefined;
    const precision = isOpen ? () => this.#precision() : await this.#precision();
    const work = { batch: this.#quickBatch, sequence: model.context, k: strategy.k, precision };
    const check = (): void => {
      this.check();
    };
    const tell = (text: string): void => {
      this.#tell('gpu-error', text);
    };
    await tuneKernels(this.#opened, model, work, { clock, store: tuning, check, tell });
  }

  async #prepare(): Promise<void> {
    const { model, seed } = this.#config;
    const size = { batch: this.#quickBatch, sequence: model.context };
    const precision = await this.#precision();
    this.#bench = await openReplica(
      this.#opened,
      model,
      { seed, ...size, precision },
      (replica, taken) => ({
        replica,
        taken,
        strategy: new DistroStrategy(replica, hyperparametersOf(this.#config)),
      }),
      this.#tooLarge,
    );
    this.#isPlaced = true;
    this.check();
    this.#inUse.assertOpen();
  }

  /** What gradients are computed in here: chosen once for a GPU. */
  async #precision(): Promise<Precision> {
    const { model } = this.#config;
    const { clock, precision: wished } = this.#platform;
    const size = { batch: this.#quickBatch, sequence: model.context };
    const isShort = this.#isShort;
    const chosen =
      this.#board.precision ?? (await choosePrecision(this.#opened, model, size, { clock, wished, isShort }));
    this.check();
    this.#board.precision = chosen;
    return chosen.precision;
  }

  /** Has what takes too long run in parts. The longest dispatch of a piece that is left, ms. */
  async #measure(): Promise<number> {
    const { replica, strategy } = this.#set;
    const { context, vocabulary } = this.#config.model;
    const random = new SeededRandom(0);
    const ids = Uint32Array.from({ length: replica.batch * context }, () => random.below(vocabulary));
    const dispatches = [...replica.prepared({ ids, targets: ids }), ...strategy.prepared()];
    const { clock } = this.#platform;
    const limits = { budgetMs: measuringMs, limitMs: longestAllowedMs };
    this.#cuts = await cutLongDispatches(this.#opened, dispatches, { clock, ...limits });
    strategy.forgetMomentum();
    // A lost GPU measures anything. A want of memory is met in the first round, by setting up less.
    if (this.#inUse.trouble?.code === 'gpu-lost') throw this.#inUse.trouble;
    return this.#cuts.longest.ms;
  }

  #clear(): void {
    this.#isPlaced = false;
    this.#bench?.strategy.close();
    this.#bench?.replica.close();
  }

  #report(): void {
    const { replica, taken } = this.#set;
    const gpu = this.#opened;
    this.#board.gpuBytes = gpu.bytesAllocated;
    this.#board.gpuPlan = planOf({
      microBatch: this.#config.microBatch,
      batch: replica.batch,
      recomputes: taken.checkpoint === true,
      longestDispatchMs: this.#cuts?.longest.ms,
      cuts: this.#cuts,
      quickBatch: this.#quickBatch,
      wholeMs: this.#wholeMs,
      software: gpu.adapter.software,
    });
  }

  get #opened(): Gpu {
    return this.#inUse.gpu;
  }

  #tell(kind: string, text: string): void {
    this.#board.event({ atMs: this.#platform.clock.now(), kind, text });
  }
}
