import { problemOf, StarlingError } from '../base/errors.ts';
import type { RunId } from '../base/ids.ts';
import { Corpus } from '../data/corpus.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import { hasSigned, memorySigningLog } from '../swarm/signing-log.ts';
import type { Swarm } from '../swarm/swarm-api.ts';
import { createSwarm } from '../swarm/swarm.ts';
import { explain } from './explain.ts';
import { pauseReasons } from './auto-pause.ts';
import type { PauseCause } from './comfort.ts';
import type { MetricsDelta } from './metrics-feed.ts';
import { ModelDesk, type DeskSource } from './model-desk.ts';
import { Phases } from './phases.ts';
import type { Platform } from './platform.ts';
import type { RunConfig } from './run-config.ts';
import { startOf } from './start-weights.ts';
import type { VolunteerState, VolunteerStatus } from './status.ts';
import { StatusBoard } from './status-board.ts';
import type { Street } from './train-round.ts';
import { TrafficWatch } from './traffic-watch.ts';
import { TrainingLoop } from './training-loop.ts';
import { ValidationSet } from './validation.ts';
import { Workbench } from './workbench.ts';

/** One volunteer of a run, from opening the GPU to leaving. Whatever goes wrong ends in a status, never a throw. */
export class Volunteer {
  /** Text and copies of the model, for whoever asks. */
  readonly desk: ModelDesk;
  readonly #platform: Platform;
  readonly #config: RunConfig;
  readonly #runId: RunId;
  readonly #phases: Phases;
  readonly #board: StatusBoard;
  readonly #changed: () => void;
  #swarm: Swarm | undefined;
  #loop: TrainingLoop | undefined;
  readonly #bench: Workbench;
  readonly #traffic: TrafficWatch;
  /** The GPU is being set up again: that is what there is to say, whatever the swarm waits for. */
  #recovering = false;
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
    this.desk = new ModelDesk(platform.clock, config, runId, {
      standing: () => this.#standing,
      status: () => this.status,
    });
    this.#board.deskUsed = () => this.desk.takeUse();
    this.#bench.duty.share = platform.gpuShare ?? 1;
    this.#board.duty = this.#bench.duty;
    this.#board.heldBy = platform.heldBy;
    if (platform.servedBytes !== undefined) this.#board.servedBytes = platform.servedBytes;
    platform.onFetching?.((fetching) => {
      this.#board.fetching = fetching;
      this.#explain();
      changed();
    });
    this.#traffic = new TrafficWatch(
      () => platform.transport.stats(),
      platform.clock,
      (stats) => {
        this.#board.traffic = stats;
        changed();
      },
    );
  }

  get status(): VolunteerStatus {
    return this.#board.snapshot(this.#swarm?.view());
  }

  /** What was measured in rounds since the last call: for a history that whoever shows it keeps. */
  takeMetrics(): MetricsDelta | undefined {
    return this.#board.metrics.take();
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
    this.#pauses(true, this.#board.heldBy);
  }

  /** Ends its person's pause; what it is held by still holds. */
  resume(): void {
    this.#pauses(false, this.#board.heldBy);
  }

  /** Pauses by itself, for this cause; undefined: no longer. What its person paused stays paused. */
  hold(cause: PauseCause | undefined): void {
    this.#pauses(this.#board.pausedByPerson, cause);
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
    const { clock, signer, transport, localSeed } = this.#platform;
    const signingLog = this.#platform.signingLog ?? memorySigningLog();
    const config = this.#config;
    this.#say('starting', 'Opening the GPU.');
    const bench = this.#bench;
    await bench.open();
    this.#assertHere();
    this.#say('starting', 'Finding the fastest kernels for this GPU, and loading text.');
    this.#traffic.start(); // text counts as data too
    const [corpus] = await Promise.all([
      this.#openCorpus(),
      bench.setUp().then(() => {
        this.#board.setUp = { step: 'data', doing: 'loading', done: 0, total: 0 };
        this.#changed();
      }),
    ]);
    this.#assertHere();
    this.#board.setUp = undefined;
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
      start: startOf(config.start, this.#platform.fetchStart),
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
      counted: () => transport.counted(),
      changed: () => {
        this.#explain();
        this.#changed();
      },
      finished: () => this.#finish(street),
    });
    return this.#loop;
  }

  async #openCorpus(): Promise<Corpus> {
    const { fetchCorpus } = this.#platform;
    const manifest = await fetchCorpus('manifest.json');
    return Corpus.open(manifest, this.#config.corpus, (digest) => fetchCorpus(`${digest}.bin`));
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
      heldBy: this.#board.pausedByPerson ? undefined : this.#board.heldBy,
      isFounder: this.#config.founder === this.#platform.signer.id,
      catchUp: this.#board.catchUp,
      waitsLong: this.#loop?.waitsLong ?? false,
      fetchesStart: this.#board.fetching?.what === 'start',
    });
    this.#board.state = state;
    this.#board.reason = reason;
    this.#board.fix = fix;
  }

  #close(): void {
    this.#traffic.stop();
    this.#swarm?.close();
    this.#platform.transport.close();
    this.#leaving = true;
    this.#bench.close();
  }

  /** The replica, from when it stands in the run until its GPU is let go or set up again. */
  get #standing(): ReturnType<DeskSource['standing']> {
    const at = this.#loop?.at;
    if (at === undefined || this.#leaving || this.#recovering) return undefined;
    return { replica: this.#bench.replica, at };
  }

  get #isOver(): boolean {
    return ['finished', 'failed', 'left'].includes(this.#board.state);
  }

  get #wantsToTrain(): boolean {
    return !this.#board.pausedByPerson && this.#board.heldBy === undefined;
  }

  #pauses(byPerson: boolean, heldBy: PauseCause | undefined): void {
    if (this.#isOver) return;
    const before = this.#wantsToTrain;
    this.#board.pausedByPerson = byPerson;
    this.#board.heldBy = heldBy;
    const wants = this.#wantsToTrain;
    if (wants !== before) {
      this.#swarm?.setMembership(wants);
      this.#loop?.membershipChanged();
    }
    if (!wants) this.#say('paused', byPerson || heldBy === undefined ? 'You paused.' : pauseReasons[heldBy]);
    else if (!before && this.#board.setUp !== undefined) this.#say('starting', 'Getting ready.');
    else if (!before) this.#say('waiting', 'Asking to be counted again from the next round.');
    this.#explain();
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
