import { canonicalJson } from '../base/canonical-json.ts';
import { pause, realClock } from '../base/clock.ts';
import { problemOf } from '../base/errors.ts';
import { savesData } from '../volunteer/auto-pause.ts';
import type { PauseCause } from '../volunteer/comfort.ts';
import {
  ContributionKeeper,
  type ContributionView,
  type KeptText,
} from '../volunteer/contribution-keeper.ts';
import type { ExportType, TakenHome } from '../volunteer/export-model.ts';
import type { MetricsDelta } from '../volunteer/metrics-feed.ts';
import type { MetricsView } from '../volunteer/metrics.ts';
import type { PromptProgress, PromptRequest } from '../volunteer/prompt-request.ts';
import type { RunConfig } from '../volunteer/run-config.ts';
import { RunMetrics } from '../volunteer/run-metrics.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import type { OpenIdentity } from './identity-store.ts';
import { ModelRequests } from './model-requests.ts';
import { Names } from './names.ts';
import { isHeldByOthers, steppedAside } from './stepped-aside.ts';
import { withInfo, type Asked, type OneTraining } from './training.ts';
import type { WorkerStart } from './training-worker.ts';

export interface TabVolunteerOptions {
  /** A volunteer of this run, that is not at work yet. */
  readonly begin: (config: RunConfig, key: OpenIdentity) => OneTraining;
  readonly start: Omit<WorkerStart, 'gpuShare' | 'hold'>;
  /** What this browser keeps. */
  readonly kept: KeptText;
  /** What a volunteer is to keep to now. */
  readonly asked: () => Asked;
  /** The volunteer said something. Comes before `changed`. */
  readonly saw: (status: VolunteerStatus | undefined) => void;
  /** What is to be shown may have changed. */
  readonly changed: () => void;
}

/** The volunteer of a tab: at most one, which may step aside and come back, and which others may take into their run. */
export class TabVolunteer {
  readonly #options: TabVolunteerOptions;
  readonly #requests = new ModelRequests();
  /** What the keys of this browser are called. */
  readonly names: Names;
  readonly #contributions: ContributionKeeper;
  #shown: VolunteerStatus | undefined;
  #measured = new RunMetrics('');
  #training: OneTraining | undefined;
  /** What is trained again when the data that it costs may be spent again. */
  #aside: Pick<OneTraining, 'config' | 'text' | 'key'> | undefined;

  constructor(options: TabVolunteerOptions) {
    this.#options = options;
    this.names = new Names(options.kept);
    this.#contributions = new ContributionKeeper(options.kept, realClock);
  }

  /** What a page shows; stays when the volunteer has left or failed. */
  get status(): VolunteerStatus | undefined {
    return this.#shown;
  }

  /** What its key is called, and gave to the run; undefined before there was one. */
  get contribution(): ContributionView | undefined {
    const self = this.#shown?.self;
    return self && { name: this.names.of(self), totals: this.#contributions.totals };
  }

  /** What its key is to be called; undefined: by the name that its id gives. */
  setName(name: string | undefined): void {
    if (this.#shown === undefined) return;
    this.names.choose(this.#shown.self, name);
    const training = this.#training;
    if (training?.status !== undefined) this.#announce(training, training.status);
    this.#options.changed();
  }

  /** The run that it is in, also while it stepped aside; undefined after it left or failed. */
  get run(): Pick<OneTraining, 'config' | 'text'> | undefined {
    return this.#training ?? this.#aside;
  }

  get isAtWork(): boolean {
    return this.#training !== undefined;
  }

  /** What was measured; while none is at work, that of the run of this text, if it was the last one. */
  metrics(announced: string | undefined): MetricsView {
    return this.#measured.viewFor(this.#training === undefined ? announced : undefined);
  }

  /** Resolves with the worker's first word; rejects if there will be none. */
  async train(config: RunConfig, key: OpenIdentity): Promise<void> {
    const { start, asked, begin } = this.#options;
    const training = begin(config, key);
    this.#aside = undefined;
    this.#training = training;
    if (this.#measured.run !== training.text) this.#measured = new RunMetrics(training.text);
    try {
      await training.start(start, asked, {
        status: (said, metrics) => {
          if (this.#training === training) this.#heard(training, said, metrics);
        },
        broken: (message, fix) => {
          if (this.#training !== training) return;
          this.stop();
          this.#failed(training.status, message, fix);
        },
      });
    } catch (thrown) {
      if (this.#training === training) this.stop();
      throw thrown;
    }
  }

  keepTo(asked: Asked): void {
    this.#training?.keepTo(asked);
    if (savesData(asked.hold)) this.#spareData();
    else this.#comeBack();
  }

  pauses(kind: 'pause' | 'resume'): void {
    this.#training?.tell(kind);
    if (this.#aside === undefined || this.#shown === undefined) return;
    this.#shown = { ...this.#shown, pausedByPerson: kind === 'pause' };
    this.#options.changed();
  }

  /** Ends in a progress of another state than `writing`. */
  write(request: PromptRequest, tell: (progress: PromptProgress) => void): () => void {
    return this.#requests.write(this.#training?.ask, request, tell);
  }

  /** Rejects with a StarlingError. */
  takeHome(dtype: ExportType): Promise<TakenHome> {
    return this.#requests.takeHome(this.#training?.ask, dtype);
  }

  /** Ends the volunteer; one that failed is put aside. */
  async leave(): Promise<void> {
    const training = this.#training;
    this.#aside = undefined;
    if (training === undefined) {
      this.#shown = undefined;
    } else {
      await this.#goodbye(training);
      if (this.#shown !== undefined && this.#shown.state !== 'left')
        this.#shown = { ...this.#shown, state: 'left', reason: 'You left the run.', fix: undefined };
    }
    this.#options.saw(this.#shown);
    this.#options.changed();
  }

  /** Without a word. */
  stop(): void {
    this.#contributions.keep();
    const training = this.#training;
    if (training === undefined) return;
    this.#training = undefined;
    training.stop();
    this.#requests.gone();
  }

  /** The room announces this run. */
  meet(announced: RunConfig): void {
    const training = this.#training;
    if (training?.meet(announced) !== 'follow') return;
    this.stop();
    const { key, status } = training;
    // Who is just stepping aside comes back into this run, when data may be spent again.
    if (this.#aside !== undefined) this.#aside = { config: announced, text: canonicalJson(announced), key };
    else this.#trainOn(announced, key, status?.pausedByPerson === true);
  }

  #heard(training: OneTraining, said: VolunteerStatus, metrics: MetricsDelta | undefined): void {
    const curve = this.#measured.take(metrics);
    const status = withInfo({ ...said, curve }, training.key.info);
    if (training.run !== undefined) this.#contributions.saw(status, training.run);
    // Who steps aside is shown as that; what it still measured and gave counts.
    if (this.#aside !== undefined) {
      if (said.state === 'left') this.stop();
      return;
    }
    this.#shown = training.status = status;
    if (said.state === 'failed' || said.state === 'left') this.stop();
    else this.#announce(training, status);
    this.#options.saw(status);
    this.#spareData();
    this.#options.changed();
  }

  #announce(training: OneTraining, status: VolunteerStatus): void {
    training.announce(status, this.names.of(status.self));
  }

  #failed(status: VolunteerStatus | undefined, reason: string, fix: string): void {
    if (status !== undefined) this.#shown = { ...status, state: 'failed', reason, fix };
    this.#options.saw(this.#shown);
    this.#options.changed();
  }

  /** Says goodbye, and ends the worker when it is said. */
  async #goodbye(training: OneTraining): Promise<void> {
    training.tell('leave');
    const deadline = realClock.now() + 1_000;
    while (this.#training === training && realClock.now() < deadline) await pause(realClock, 20);
    if (this.#training === training) this.stop();
  }

  /** To follow the run costs data too. Who is alone with it stays: nothing is sent then, and nobody else could give it back. */
  #spareData(): void {
    const { hold } = this.#options.asked();
    const training = this.#training;
    if (training === undefined || hold === undefined || !savesData(hold) || this.#aside !== undefined) return;
    if (training.status !== undefined && isHeldByOthers(training.status))
      void this.#stepAside(hold, training, training.status);
  }

  /** Until this is over, the volunteer leaves the run; then it fetches what it missed. */
  async #stepAside(cause: PauseCause, training: OneTraining, status: VolunteerStatus): Promise<void> {
    this.#aside = training;
    this.#shown = steppedAside(status, cause);
    await this.#goodbye(training);
    this.#options.saw(this.#shown);
    this.#options.changed();
    // It may be over meanwhile.
    if (!savesData(this.#options.asked().hold)) this.#comeBack();
  }

  #comeBack(): void {
    const aside = this.#aside;
    // Who is just leaving comes back when it has left.
    if (aside === undefined || this.#training !== undefined) return;
    this.#aside = undefined;
    this.#trainOn(aside.config, aside.key, this.#shown?.pausedByPerson === true);
  }

  /** In place of the volunteer that is shown, which says so where that fails. */
  #trainOn(config: RunConfig, key: OpenIdentity, isPaused: boolean): void {
    const trained = this.train(config, key).then(() => {
      if (isPaused) this.pauses('pause');
    });
    trained.catch((thrown: unknown) => {
      const { message, fix } = problemOf(thrown, 'Reload the page and join again.');
      this.#failed(this.#shown, message, fix);
    });
  }
}
