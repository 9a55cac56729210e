import { invariant } from '../base/invariant.ts';
import { SeededRandom } from '../base/random.ts';
import { cutLongDispatches, type CutReport } from '../gpu/dispatch-cuts.ts';
import { openReplica } from '../model/open-replica.ts';
import type { Precision } from '../model/precision.ts';
import type { Replica, ReplicaOptions } from '../model/replica.ts';
import { DistroStrategy } from '../strategies/distro.ts';
import type { GpuInUse } from './gpu-in-use.ts';
import { longestAllowedMs, planOf, quickBatch } from './gpu-plan.ts';
import type { Platform } from './platform.ts';
import { choosePrecision } from './precision.ts';
import { hyperparametersOf, type RunConfig } from './run-config.ts';
import type { SetUp } from './status.ts';
import type { StatusBoard } from './status-board.ts';
import { tuneKernels } from './tuning.ts';

/** Longer than this, joining may not be held up by measuring dispatches. */
const measuringMs = 5_000;

interface Bench {
  readonly replica: Replica;
  readonly strategy: DistroStrategy;
  readonly taken: ReplicaOptions;
}

/**
 * Puts the model and its strategy on the GPU in use: the fastest kernels, in pieces that are quick enough and fit, and what was found
 * out for that. All of it may throw StarlingError `gpu-lost`, or what the GPU has reported.
 */
export class ModelOnGpu {
  readonly #platform: Pick<Platform, 'clock' | 'tuning' | 'precision'>;
  readonly #config: RunConfig;
  readonly #board: StatusBoard;
  readonly #inUse: GpuInUse;
  readonly #changed: () => void;
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

  /** `changed` is called when the board was written to out of turn. */
  constructor(
    platform: Pick<Platform, 'clock' | 'tuning' | 'precision'>,
    config: RunConfig,
    board: StatusBoard,
    inUse: GpuInUse,
    changed: () => void,
  ) {
    this.#platform = platform;
    this.#config = config;
    this.#board = board;
    this.#inUse = inUse;
    this.#changed = changed;
    this.#quickBatch = config.microBatch;
  }

  get replica(): Replica {
    return this.#set.replica;
  }

  get strategy(): DistroStrategy {
    return this.#set.strategy;
  }

  /** Chooses, measures and cuts. Throws as `openReplica`. */
  async setUp(): Promise<void> {
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
    this.#isMeasured = true;
    this.report();
  }

  /** After the GPU was opened anew: as it was, if that is the same one and all was measured; else as `setUp`. */
  async setUpAgain(isSame: boolean): Promise<void> {
    const measured = this.#bench?.replica.batch;
    this.#isPlaced = false;
    if (!isSame) this.#forgetMeasures();
    if (!this.#isMeasured) {
      await this.setUp();
      return;
    }
    await this.#prepare();
    if (this.replica.batch !== measured) await this.#measure(); // other sizes are other kinds of dispatch
    this.report();
  }

  /** What ran out of memory is not tried again. */
  takeLess(): void {
    if (!this.#isPlaced) this.#isShort = true;
    const whole = { seed: 0, batch: this.#quickBatch, sequence: this.#config.model.context };
    this.#tooLarge = this.#isPlaced ? this.#set.taken : whole;
  }

  /** Puts on the board how the model is held. */
  report(): void {
    const { replica, taken } = this.#set;
    const gpu = this.#inUse.gpu;
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

  get #set(): Bench {
    invariant(this.#bench !== undefined, 'a model on the GPU');
    return this.#bench;
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
    this.#says('tuning');
    const { clock, tuning, precision: wished } = this.#platform;
    const { model, strategy } = this.#config;
    const isOpen = wished === undefined && this.#board.precision === undefined;
    const precision = isOpen ? () => this.#precision() : await this.#precision();
    const work = { batch: this.#quickBatch, sequence: model.context, k: strategy.k, precision };
    const check = (): void => {
      this.#inUse.check();
    };
    const tell = (text: string): void => {
      this.#board.event({ atMs: clock.now(), kind: 'gpu-error', text });
    };
    await tuneKernels(this.#inUse.gpu, model, work, { clock, store: tuning, check, tell });
  }

  async #prepare(): Promise<void> {
    this.#says('compiling');
    this.#inUse.gpu.kernels.onCompiled = (done, total) => {
      if (this.#board.setUp?.doing === 'compiling') this.#says('compiling', done, total);
    };
    const { model, seed } = this.#config;
    const size = { batch: this.#quickBatch, sequence: model.context };
    const precision = await this.#precision();
    this.#bench = await openReplica(
      this.#inUse.gpu,
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
    this.#inUse.check();
    this.#inUse.assertOpen();
  }

  /** What gradients are computed in here: chosen once for a GPU. */
  async #precision(): Promise<Precision> {
    const { model } = this.#config;
    const { clock, precision: wished } = this.#platform;
    const size = { batch: this.#quickBatch, sequence: model.context };
    const isShort = this.#isShort;
    const chosen =
      this.#board.precision ??
      (await choosePrecision(this.#inUse.gpu, model, size, { clock, wished, isShort }));
    this.#inUse.check();
    this.#board.precision = chosen;
    return chosen.precision;
  }

  /** Has what takes too long run in parts. The longest dispatch of a piece that is left, ms. */
  async #measure(): Promise<number> {
    this.#says('measuring');
    const { replica, strategy } = this.#set;
    const { context, vocabulary } = this.#config.model;
    const random = new SeededRandom(0);
    const ids = Uint32Array.from({ length: replica.batch * context }, () => random.below(vocabulary));
    const dispatches = [...replica.prepared({ ids, targets: ids }), ...strategy.prepared()];
    const { clock } = this.#platform;
    const limits = { budgetMs: measuringMs, limitMs: longestAllowedMs };
    this.#cuts = await cutLongDispatches(this.#inUse.gpu, dispatches, { clock, ...limits });
    strategy.forgetMomentum();
    // A lost GPU measures anything. A want of memory is met in the first round, by setting up less.
    if (this.#inUse.trouble?.code === 'gpu-lost') throw this.#inUse.trouble;
    return this.#cuts.longest.ms;
  }

  /** What it does, for as long as it is not set up; later it is said otherwise that a GPU was lost. */
  #says(doing: SetUp['doing'], done = 0, total = 0): void {
    if (this.#board.setUp === undefined) return;
    this.#board.setUp = { step: 'compile', doing, done, total };
    this.#changed();
  }

  #clear(): void {
    this.#isPlaced = false;
    this.#bench?.strategy.close();
    this.#bench?.replica.close();
  }
}
