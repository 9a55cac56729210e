import { problemOf, StarlingError } from '../base/errors.ts';
import type { RunId } from '../base/ids.ts';
import { Corpus } from '../data/corpus.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import { Gpu } from '../gpu/gpu.ts';
import { gpuProblem, kindOf } from '../gpu/problems.ts';
import { openReplica } from '../model/open-replica.ts';
import { DistroStrategy } from '../strategies/distro.ts';
import { hasSigned, memorySigningLog } from '../swarm/signing-log.ts';
import type { Swarm } from '../swarm/swarm-api.ts';
import { createSwarm } from '../swarm/swarm.ts';
import { explain } from './explain.ts';
import { Phases } from './phases.ts';
import type { Platform } from './platform.ts';
import { hyperparametersOf, type RunConfig } from './run-config.ts';
import type { VolunteerState, VolunteerStatus } from './status.ts';
import { StatusBoard } from './status-board.ts';
import type { Street } from './train-round.ts';
import { TrainingLoop } from './training-loop.ts';
import { tuneProducts } from './tuning.ts';
import { ValidationSet } from './validation.ts';

/** One volunteer of a run, from opening the GPU to leaving. Whatever goes wrong ends in a status, never a throw. */
export class Volunteer {
  readonly #platform: Platform;
  readonly #config: RunConfig;
  readonly #runId: RunId;
  readonly #phases: Phases;
  readonly #board: StatusBoard;
  readonly #changed: () => void;
  #swarm: Swarm | undefined;
  #loop: TrainingLoop | undefined;
  #gpu: Gpu | undefined;
  #wantsToTrain = true;
  #leaving = false;

  constructor(
    platform: Platform,
    config: RunConfig,
    runId: RunId,
    /** Called after every change; read `status` when it suits. */
    changed: () => void,
  ) {
    this.#platform = platform;
    this.#config = config;
    this.#runId = runId;
    this.#changed = changed;
    this.#phases = new Phases(platform.clock);
    this.#board = new StatusBoard(config, platform.signer.id, this.#phases);
  }

  get status(): VolunteerStatus {
    return this.#board.snapshot(this.#swarm?.view());
  }

  /** Trains until the run ends, `leave` is called or something fails. */
  async run(): Promise<void> {
    try {
      const loop = await this.#open();
      this.#say('waiting', 'Looking for the other volunteers.');
      await loop.run();
    } catch (thrown) {
      if (this.#leaving) return;
      const { message, fix } = problemOf(thrown, 'Reload the page. If it stays, report it.');
      this.#board.fix = fix;
      this.#say('failed', message);
      this.#close();
    }
  }

  /** Stops training but keeps following the run, so that resuming is instant. */
  pause(): void {
    if (this.#isOver) return;
    this.#wantsToTrain = false;
    this.#swarm?.setMembership(false);
    this.#loop?.membershipChanged();
    this.#say('paused', 'You paused. Your replica still follows the run.');
    this.#explain();
  }

  resume(): void {
    if (this.#isOver) return;
    this.#wantsToTrain = true;
    this.#swarm?.setMembership(true);
    this.#loop?.membershipChanged();
    this.#say('waiting', 'Asking to be counted again from the next round.');
    this.#explain();
  }

  leave(): void {
    this.#close();
    this.#say('left', 'You left the run. What you gave is kept in the model.');
  }

  async #open(): Promise<TrainingLoop> {
    const { clock, signer, transport, fetchCorpus, localSeed } = this.#platform;
    const signingLog = this.#platform.signingLog ?? memorySigningLog();
    const config = this.#config;
    this.#say('starting', 'Opening the GPU.');
    const gpu = await Gpu.open(this.#platform.gpu);
    this.#gpu = gpu;
    this.#assertHere();
    this.#board.adapter = gpu.adapter;
    const failWith = ({ code, message, fix }: StarlingError): void => {
      this.#fail(code, message, fix);
    };
    void gpu.lost.then(failWith);
    gpu.device.addEventListener('uncapturederror', ({ error }) => {
      failWith(gpuProblem(kindOf(error), 'its work', error.message));
    });
    this.#say('starting', 'Loading text and the model.');
    const corpus = await Corpus.open(await fetchCorpus('manifest.json'), config.corpus, (digest) =>
      fetchCorpus(`${digest}.bin`),
    );
    this.#assertHere();
    const { model, microBatch, seed } = config;
    const size = { batch: microBatch, sequence: model.context };
    this.#say('starting', 'Finding the fastest kernels for this GPU.');
    await tuneProducts(gpu, model, size, { clock, store: this.#platform.tuning });
    this.#assertHere();
    const { replica, strategy } = await openReplica(gpu, model, { seed, ...size }, (made) => ({
      replica: made,
      strategy: new DistroStrategy(made, hyperparametersOf(config)),
    }));
    this.#assertHere();
    this.#board.gpuBytes = gpu.bytesAllocated;
    const swarm = createSwarm({
      signer,
      transport,
      clock,
      signingLog,
      // Whoever signed in this run before knows that it has started, even where nobody else does.
      mayFound: !hasSigned(signingLog),
      rules: {
        runId: this.#runId,
        founder: config.founder,
        minMembers: config.minMembers,
        roundDeadlineMs: config.roundDeadlineMs,
        open: config.open,
        maxPayloadBytes: strategy.maxPayloadBytes,
        maxSnapshotBytes: 4 * this.status.parameters,
        payloadProblem: (payload) => strategy.payloadProblem(payload),
      },
    });
    this.#swarm = swarm;
    if (!this.#wantsToTrain) swarm.setMembership(false);
    const tokenizer = byteTokenizer;
    const validation = new ValidationSet(config, corpus, tokenizer);
    const phases = this.#phases;
    const street = { config, corpus, tokenizer, replica, strategy, swarm, phases, clock, validation };
    this.#loop = new TrainingLoop(street, {
      board: this.#board,
      signingLog,
      localSeed,
      wantsToTrain: () => this.#wantsToTrain,
      traffic: () => transport.stats(),
      changed: () => {
        this.#explain();
        this.#changed();
      },
      finished: () => this.#finish(street),
    });
    return this.#loop;
  }

  /** The last round is over: measure the model once more. */
  async #finish({ replica, validation }: Street): Promise<void> {
    const loss = await validation.measure(replica, [...validation.batches.keys()]);
    this.#board.finalValidation(loss);
    this.#board.traffic = await this.#platform.transport.stats();
    const round = this.#config.endRound ?? 0;
    this.#board.fix = 'To train another model, open this address with a new name: ?run=any-name.';
    this.#say('finished', `The run is complete: ${round} rounds.`);
  }

  /** The state and its reason, from what the swarm says it waits for. */
  #explain(): void {
    const view = this.#swarm?.view();
    if (view === undefined || this.#isOver) return;
    const { state, reason, fix } = explain(view, {
      wantsToTrain: this.#wantsToTrain,
      isFounder: this.#config.founder === this.#platform.signer.id,
      catchUp: this.#board.catchUp,
      waitsLong: this.#loop?.waitsLong ?? false,
    });
    this.#board.state = state;
    this.#board.reason = reason;
    this.#board.fix = fix;
  }

  #fail(code: string, message: string, fix: string): void {
    if (this.#leaving) return;
    this.#board.event({ atMs: this.#platform.clock.now(), kind: 'info', text: `${message} (${code})` });
    this.#board.fix = fix;
    this.#say('failed', message);
    this.#close();
  }

  #close(): void {
    this.#swarm?.close();
    this.#platform.transport.close();
    const gpu = this.#gpu;
    this.#gpu = undefined;
    this.#leaving = true;
    gpu?.close();
  }

  get #isOver(): boolean {
    return ['finished', 'failed', 'left'].includes(this.#board.state);
  }

  /** Leaving can come while anything is awaited. */
  #assertHere(): void {
    if (this.#leaving) {
      this.#close();
      throw new StarlingError('swarm-closed', 'This volunteer has left the run.', 'Join again to go on.');
    }
  }

  #say(state: VolunteerState, reason: string): void {
    if (this.#leaving && state !== 'left' && state !== 'failed') return;
    const preparing = state === 'starting' || state === 'waiting';
    this.#board.state = preparing && !this.#wantsToTrain ? 'paused' : state;
    this.#board.reason = reason;
    if (state === 'left') this.#board.fix = undefined;
    this.#changed();
  }
}
