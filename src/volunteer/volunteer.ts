import { problemOf, StarlingError } from '../base/errors.ts';
import type { RunId } from '../base/ids.ts';
import { Corpus } from '../data/corpus.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import { hasSigned, memorySigningLog } from '../swarm/signing-log.ts';
import type { Swarm } from '../swarm/swarm-api.ts';
import { createSwarm } from '../swarm/swarm.ts';
import { explain } from './explain.ts';
import { Phases } from './phases.ts';
import type { Platform } from './platform.ts';
import type { RunConfig } from './run-config.ts';
import type { VolunteerState, VolunteerStatus } from './status.ts';
import { StatusBoard } from './status-board.ts';
import type { Street } from './train-round.ts';
import { TrainingLoop } from './training-loop.ts';
import { ValidationSet } from './validation.ts';
import { Workbench } from './workbench.ts';

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
  readonly #bench: Workbench;
  /** The GPU is being set up again: that is what there is to say, whatever the swarm waits for. */
  #recovering = false;
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
    this.#bench = new Workbench(platform, config, this.#board, changed);
    this.#bench.duty.share = platform.gpuShare ?? 1;
    this.#board.duty = this.#bench.duty;
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

  /** The most of its time that the GPU may be busy with this, in [0.01, 1]; from now on. */
  setGpuShare(share: number): void {
    if (this.#isOver) return;
    this.#bench.duty.share = share;
    this.#changed();
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
    const bench = this.#bench;
    await bench.open();
    this.#assertHere();
    this.#say('starting', 'Loading text and the model.');
    const corpus = await Corpus.open(await fetchCorpus('manifest.json'), config.corpus, (digest) =>
      fetchCorpus(`${digest}.bin`),
    );
    this.#assertHere();
    this.#say('starting', 'Finding the fastest kernels for this GPU.');
    await bench.setUp();
    this.#assertHere();
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
        maxPayloadBytes: bench.strategy.maxPayloadBytes,
        maxSnapshotBytes: 4 * this.status.parameters,
        payloadProblem: (payload) => bench.strategy.payloadProblem(payload),
      },
    });
    this.#swarm = swarm;
    if (!this.#wantsToTrain) swarm.setMembership(false);
    const tokenizer = byteTokenizer;
    const validation = new ValidationSet(config, corpus, tokenizer);
    const phases = this.#phases;
    const street: Street = {
      ...{ config, corpus, tokenizer, swarm, phases, clock, validation },
      get replica() {
        return bench.replica;
      },
      get strategy() {
        return bench.strategy;
      },
      care: {
        duty: bench.duty,
        check: () => {
          bench.check();
        },
        get refusals() {
          return bench.refusals;
        },
        withheld: (round) => {
          bench.withheld(round);
          this.#changed();
        },
        troubleBehind: (thrown) => bench.troubleBehind(thrown),
        recover: (trouble) => this.#recover(trouble),
      },
    };
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

  async #recover(trouble: StarlingError): Promise<void> {
    this.#recovering = true;
    try {
      this.#say('starting', `${trouble.message} It is being set up again.`);
      await this.#bench.recover(trouble);
    } finally {
      this.#recovering = false;
    }
    this.#assertHere();
    this.#explain();
    this.#changed();
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
    if (view === undefined || this.#isOver || this.#recovering) return;
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

  #close(): void {
    this.#swarm?.close();
    this.#platform.transport.close();
    this.#leaving = true;
    this.#bench.close();
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
