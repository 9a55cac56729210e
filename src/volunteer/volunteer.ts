import { problemOf, StarlingError } from '../base/errors.ts';
import type { RunId } from '../base/ids.ts';
import { Corpus } from '../data/corpus.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import { Gpu } from '../gpu/gpu.ts';
import { Replica } from '../model/replica.ts';
import { DistroStrategy } from '../strategies/distro.ts';
import type { Entry, Swarm } from '../swarm/swarm-api.ts';
import { createSwarm } from '../swarm/swarm.ts';
import { explain } from './explain.ts';
import { Phases } from './phases.ts';
import type { Platform } from './platform.ts';
import { hyperparametersOf, type RunConfig } from './run-config.ts';
import { writeSample } from './sample.ts';
import { serveSnapshots } from './serve-snapshots.ts';
import type { VolunteerState, VolunteerStatus } from './status.ts';
import { StatusBoard } from './status-board.ts';
import { trainRound, type RoundOutcome, type Street } from './train-round.ts';
import { ValidationSet } from './validation.ts';

const sampleEvery = 20;

/** One volunteer of a run, from opening the GPU to leaving. Whatever goes wrong ends in a status, never a throw. */
export class Volunteer {
  readonly #platform: Platform;
  readonly #config: RunConfig;
  readonly #runId: RunId;
  readonly #phases: Phases;
  readonly #board: StatusBoard;
  readonly #changed: () => void;
  #swarm: Swarm | undefined;
  #gpu: Gpu | undefined;
  #wantsToTrain = true;
  #leaving = false;
  #wake: () => void = () => undefined;

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
      const street = await this.#open();
      await this.#train(street);
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
    this.#say('paused', 'You paused. Your replica still follows the run.');
    this.#explain();
  }

  resume(): void {
    if (this.#isOver) return;
    this.#wantsToTrain = true;
    this.#swarm?.setMembership(true);
    this.#say('waiting', 'Asking to be counted again from the next round.');
    this.#explain();
    this.#wake();
  }

  leave(): void {
    this.#close();
    this.#say('left', 'You left the run. What you gave is kept in the model.');
  }

  async #open(): Promise<Street> {
    const { clock, signer, transport, fetchCorpus } = this.#platform;
    const config = this.#config;
    this.#say('starting', 'Opening the GPU.');
    const gpu = await Gpu.open(this.#platform.gpu);
    this.#gpu = gpu;
    this.#assertHere();
    this.#board.adapter = gpu.adapter;
    void gpu.device.lost.then(({ message }) => {
      this.#fail('gpu-lost', `The GPU was lost: ${message}`, 'Close other heavy tabs, then join again.');
    });
    gpu.device.addEventListener('uncapturederror', ({ error }) => {
      this.#fail(
        'gpu-error',
        `The GPU reported an error: ${error.message}`,
        'Join again; a smaller preset needs less memory.',
      );
    });
    this.#say('starting', 'Loading text and the model.');
    const corpus = await Corpus.open(await fetchCorpus('manifest.json'), config.corpus, (digest) =>
      fetchCorpus(`${digest}.bin`),
    );
    this.#assertHere();
    const { model, microBatch, seed } = config;
    const replica = Replica.create(gpu, model, { seed, batch: microBatch, sequence: model.context });
    const strategy = new DistroStrategy(replica, hyperparametersOf(config));
    this.#board.gpuBytes = gpu.bytesAllocated;
    const swarm = createSwarm({
      signer,
      transport,
      clock,
      rules: {
        runId: this.#runId,
        founder: config.founder,
        minMembers: config.minMembers,
        roundDeadlineMs: config.roundDeadlineMs,
        maxPayloadBytes: strategy.maxPayloadBytes,
        maxSnapshotBytes: 4 * this.status.parameters,
        payloadProblem: (payload) => strategy.payloadProblem(payload),
      },
    });
    this.#swarm = swarm;
    if (!this.#wantsToTrain) swarm.setMembership(false);
    swarm.onEvent((event) => {
      this.#board.event(event);
    });
    swarm.onChange(() => {
      this.#wake();
      this.#explain();
      this.#changed();
    });
    const tokenizer = byteTokenizer;
    const validation = new ValidationSet(config, corpus, tokenizer);
    return { config, corpus, tokenizer, replica, strategy, swarm, phases: this.#phases, clock, validation };
  }

  /**
   * Stands the replica where the swarm is: at the initial weights, or at a member's snapshot checked against the digest
   * its members confirmed. Returns the next round.
   */
  async #enter({ swarm, replica }: Street, first: Entry): Promise<number> {
    let entry = first;
    while (entry.kind === 'snapshot') {
      const restored = replica.restore(entry.bytes);
      if (restored.ok && (await replica.digest()) === entry.state) break;
      entry = await swarm.reenter();
    }
    if (entry.kind === 'snapshot') {
      this.#board.stateDigest = entry.state;
      await swarm.confirm(entry.round, entry.state);
    }
    return entry.round + 1;
  }

  async #train(street: Street): Promise<void> {
    const { config, swarm, replica } = street;
    const initial = await replica.digest();
    this.#board.stateDigest = initial;
    this.#say('waiting', 'Looking for the other volunteers.');
    let round = await this.#enter(street, await swarm.enter(initial));
    while (config.endRound === null || round <= config.endRound) {
      this.#explain();
      let outcome: RoundOutcome;
      try {
        await this.#follow(street, round, this.#board.stateDigest ?? initial);
        this.#phases.beginRound();
        outcome = await trainRound(street, round);
      } catch (thrown) {
        // Asleep too long: the others no longer keep the rounds in between.
        if (!(thrown instanceof StarlingError && thrown.code === 'swarm-behind')) throw thrown;
        round = await this.#enter(street, await swarm.reenter());
        continue;
      }
      this.#board.round(outcome, street.validation.batches.length);
      if (swarm.snapshotWanted) swarm.offerSnapshot(round, outcome.state, await replica.snapshot());
      if (round % sampleEvery === 0 && outcome.agreed.record.leader === swarm.self)
        this.#board.sample = await writeSample(street, round, this.#platform.localSeed + round);
      this.#board.traffic = await this.#platform.transport.stats();
      this.#phases.endRound();
      this.#changed();
      round++;
    }
    await this.#finish(street);
  }

  /**
   * Waits until this volunteer is to train `round` or the others have closed it, and hands its replica to joiners meanwhile.
   * One that paused as the last member is still one, because a run cannot be without members: it must not train, but whoever
   * comes must get in.
   */
  async #follow({ swarm, replica }: Street, round: number, state: string): Promise<void> {
    let closed = false;
    const record = swarm.agree(round).then(() => {
      closed = true;
    });
    record.catch(() => undefined); // trainRound asks again, and is told
    while (!closed && !(this.#wantsToTrain && swarm.isMember(round))) {
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (swarm.snapshotWanted) swarm.offerSnapshot(round - 1, state, await replica.snapshot());
      await Promise.race([changed, record]);
    }
  }

  /** The last round is over: measure the model once more, and stay to hand it to whoever still comes. */
  async #finish({ swarm, replica, validation }: Street): Promise<void> {
    this.#board.finalValidation(await validation.measure(replica, [...validation.batches.keys()]));
    this.#board.traffic = await this.#platform.transport.stats();
    const round = this.#config.endRound ?? 0;
    this.#board.fix = 'To train another model, open this address with a new name: ?run=any-name.';
    this.#say('finished', `The run is complete: ${round} rounds.`);
    const state = await replica.digest();
    serveSnapshots(swarm, replica, round, state);
  }

  /** The state and its reason, from what the swarm says it waits for. */
  #explain(): void {
    const view = this.#swarm?.view();
    if (view === undefined || this.#isOver) return;
    const { state, reason, fix } = explain(view, {
      wantsToTrain: this.#wantsToTrain,
      isFounder: this.#config.founder === this.#platform.signer.id,
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
