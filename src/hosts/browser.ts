import { realClock } from '../base/clock.ts';
import { problemOf, StarlingError } from '../base/errors.ts';
import { SeededRandom } from '../base/random.ts';
import type { PresetName } from '../model/config.ts';
import type { PeerId } from '../base/ids.ts';
import { SharedRooms } from '../swarm/shared-doc-rooms.ts';
import { openSharedDoc } from '../swarm/shared-doc.ts';
import { SignalingClient } from '../swarm/signaling-client.ts';
import { canonicalJson } from '../base/canonical-json.ts';
import type { RunConfig } from '../volunteer/run-config.ts';
import { isShare } from '../volunteer/duty-cycle.ts';
import type { RunView } from '../volunteer/run-view.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { Announcer } from './announcer.ts';
import { ChangeRelay } from './change-relay.ts';
import { detectEnvironment, type BrowserEnvironment } from './environment.ts';
import { answerToAnotherRun, isHeld, Listening } from './find-run.ts';
import { openIdentity, type OpenIdentity } from './identity-store.ts';
import { newRun } from './new-run.ts';
import type { PageOptions } from './page-options.ts';
import { AnnouncedConfig, toRunView } from './run-view.ts';
import { freshSeed, probeInWorker, TrainingWorker } from './training-worker.ts';

/** What a page shows; PageSnapshot of src/ui/host.ts. */
export interface HostSnapshot {
  readonly view: RunView;
  readonly volunteer: VolunteerStatus | undefined;
  readonly environment: BrowserEnvironment & {
    readonly suggestedPreset?: { preset: PresetName; reason: string };
  };
}

/** How often a volunteer announces its run again over another, so that two old runs in one room come to rest. */
const mostInsisting = 3;

/** A volunteer of this tab, from the press of Join until it left or failed. */
interface Training {
  readonly config: RunConfig;
  readonly key: OpenIdentity;
  readonly signaling: SignalingClient;
  announcer: Announcer;
  worker: TrainingWorker | undefined;
  /** Undefined until the worker said something. */
  status: VolunteerStatus | undefined;
  insisted: number;
  /** Lets go of whoever awaits the worker's first word. */
  ended: () => void;
}

/** A browser tab as the host of at most one volunteer: shared document and WebRTC here, training in a worker. */
export class BrowserHost {
  readonly #options: PageOptions;
  readonly #corpusUrl: string;
  readonly #signalingUrl: string;
  readonly #shared: SharedRooms;
  readonly #announced = new AnnouncedConfig();
  readonly #listeners = new Set<(snapshot: HostSnapshot) => void>();
  readonly #relay: ChangeRelay;
  #environment: HostSnapshot['environment'];
  #volunteer: VolunteerStatus | undefined;
  #training: Training | undefined;
  /** From the first press of Join until the tab closes. */
  #key: Promise<OpenIdentity> | undefined;
  #joining = false;
  #gpuShare = 1;
  #serverReachedMs: number | undefined;

  private constructor(options: PageOptions, base: URL, shared: SharedRooms, environment: BrowserEnvironment) {
    this.#options = options;
    this.#corpusUrl = new URL('corpus/', base).href;
    this.#signalingUrl = signalingUrl(base);
    this.#shared = shared;
    this.#environment = environment;
    this.#relay = new ChangeRelay(realClock, () => {
      const snapshot = this.snapshot();
      for (const listener of this.#listeners) listener(snapshot);
    });
    shared.onChange(() => {
      this.#lookAtDocument();
    });
    this.#lookAtDocument();
  }

  /** Joins the room's shared document as a viewer. `base` is the page's address. */
  static async open(options: PageOptions, base: URL): Promise<BrowserHost> {
    const environment = await detectEnvironment();
    const shared = await SharedRooms.open({
      room: `starling/${options.room}`,
      open: (room) => openSharedDoc({ room, signalingUrls: [signalingUrl(base)] }),
      clock: realClock,
    });
    return new BrowserHost(options, base, shared, environment);
  }

  snapshot(): HostSnapshot {
    const announced = this.#shared.view();
    const view = toRunView(announced, this.#announced.read(announced.config));
    return { view, volunteer: this.#volunteer, environment: this.#environment };
  }

  subscribe(listener: (snapshot: HostSnapshot) => void): () => void {
    this.#listeners.add(listener);
    listener(this.snapshot());
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Takes part in the room's run, or starts one where there is none. Resolves when the volunteer is at work, rejects with a
   * StarlingError. Does nothing where one is at work already.
   */
  async join({ preset }: { readonly preset: PresetName | 'auto' }): Promise<void> {
    if (this.#training !== undefined || this.#joining) return;
    this.#joining = true;
    try {
      this.#key ??= openIdentity();
      const key = await this.#key.catch((thrown: unknown) => {
        this.#key = undefined;
        throw thrown;
      });
      const self = key.identity.id;
      const config = (await this.#findRun(self)) ?? (await this.#startRun(preset, self));
      await this.#train(config, key);
    } finally {
      this.#joining = false;
    }
  }

  pause(): void {
    this.#training?.worker?.tell({ kind: 'pause' });
  }

  resume(): void {
    this.#training?.worker?.tell({ kind: 'resume' });
  }

  /** The most of its time that the GPU may be busy, in [0.01, 1]: of the volunteer at work, and of those to come. */
  setGpuShare(share: number): void {
    if (!isShare(share)) throw new RangeError('a share from 0.01 to 1');
    this.#gpuShare = share;
    this.#training?.worker?.tell({ kind: 'gpu-share', share });
  }

  /** Ends the volunteer; one that failed is put aside, so that this tab can join again. */
  async leave(): Promise<void> {
    const training = this.#training;
    if (training === undefined) {
      this.#volunteer = undefined;
    } else {
      training.worker?.tell({ kind: 'leave' });
      const deadline = realClock.now() + 1_000;
      while (this.#training === training && realClock.now() < deadline) await pause(20);
      if (this.#training === training) this.#stop();
      if (this.#volunteer !== undefined && this.#volunteer.state !== 'left')
        this.#volunteer = { ...this.#volunteer, state: 'left', reason: 'You left the run.', fix: undefined };
    }
    this.#relay.changed();
  }

  /** The tab closes: the others should not wait for this volunteer. */
  close(): void {
    this.#stop();
    this.#key?.then(
      ({ release }) => release(),
      () => undefined, // join has said so
    );
    void this.#shared.close();
  }

  /** Resolves with the worker's first word; rejects if there will be none. */
  async #train(config: RunConfig, key: OpenIdentity): Promise<void> {
    const signaling = new SignalingClient({
      urls: [this.#signalingUrl],
      clock: realClock,
      random: new SeededRandom(freshSeed()),
    });
    const announcer = new Announcer(this.#shared, realClock, canonicalJson(config));
    const training: Training = {
      config,
      key,
      signaling,
      announcer,
      worker: undefined,
      status: undefined,
      insisted: 0,
      ended: () => undefined,
    };
    this.#training = training;
    await new Promise<void>((resolve, reject) => {
      training.ended = resolve;
      const broken = (message: string, fix: string): void => {
        if (this.#training !== training) return;
        if (training.status !== undefined)
          this.#volunteer = { ...training.status, state: 'failed', reason: message, fix };
        else reject(new StarlingError('worker-broken', message, fix));
        this.#stop();
        this.#relay.changed();
      };
      const status = (said: VolunteerStatus): void => {
        if (this.#training !== training) return;
        this.#volunteer = training.status = withInfo(said, key.info);
        if (said.state === 'failed' || said.state === 'left') this.#stop();
        else training.announcer.tell(said);
        this.#relay.changed();
        resolve();
      };
      const { precision } = this.#options;
      const asked = { corpusUrl: this.#corpusUrl, gpuShare: this.#gpuShare, precision };
      TrainingWorker.start(config, key, signaling, asked, { status, broken }).then((worker) => {
        if (this.#training !== training) {
          worker.stop();
          return;
        }
        training.worker = worker;
        if (this.#gpuShare !== asked.gpuShare) worker.tell({ kind: 'gpu-share', share: this.#gpuShare });
      }, reject);
    }).catch((thrown: unknown) => {
      if (this.#training === training) this.#stop();
      throw thrown;
    });
  }

  #stop(): void {
    const training = this.#training;
    if (training === undefined) return;
    this.#training = undefined;
    training.worker?.stop();
    training.signaling.close();
    training.announcer.silence();
    training.ended();
  }

  /** The run announced in this room that someone is in; undefined after listening long enough. */
  async #findRun(self: PeerId): Promise<RunConfig | undefined> {
    const listening = new Listening(realClock.now(), this.#serverReachedMs);
    for (;;) {
      const announced = this.#shared.view();
      const found = this.#heldRun(self);
      if (found !== undefined) return found;
      if (listening.isEnough(announced, realClock.now())) {
        if (!this.#isForeign()) return undefined;
        throw new StarlingError(
          'run-unreadable',
          'The run in this room is not one that this version of the page can train.',
          'Reload the page, or open another room: ?run=any-name.',
        );
      }
      await pause(50);
    }
  }

  #heldRun(self: PeerId): RunConfig | undefined {
    const { config, presences } = this.#shared.view();
    const found = this.#announced.read(config);
    // This key may still be announced by its own page before a reload, which holds nothing any more.
    const others = presences.filter(({ id }) => id !== self);
    return found !== undefined && isHeld(found.founder, others) ? found : undefined;
  }

  /** Others train what we cannot read: to start a run here would take theirs out of the room. */
  #isForeign(): boolean {
    const { config, presences } = this.#shared.view();
    const unreadable = config !== undefined && this.#announced.read(config) === undefined;
    return unreadable && presences.some(({ member }) => member);
  }

  async #startRun(wished: PresetName | 'auto', self: PeerId): Promise<RunConfig> {
    let preset = wished === 'auto' ? this.#options.preset : wished;
    if (preset === 'auto') {
      const probe = await probeInWorker();
      this.#environment = { ...this.#environment, suggestedPreset: probe };
      preset = probe.preset;
    }
    const config = await newRun({
      options: this.#options,
      preset,
      founder: self,
      corpusUrl: this.#corpusUrl,
    });
    // Measuring took seconds: another may have started one.
    const meanwhile = this.#heldRun(self);
    if (meanwhile === undefined) this.#shared.announceConfig(canonicalJson(config));
    return meanwhile ?? config;
  }

  #lookAtDocument(): void {
    const announced = this.#shared.view();
    this.#serverReachedMs = announced.signaling ? (this.#serverReachedMs ?? realClock.now()) : undefined;
    const config = this.#announced.read(announced.config);
    if (config !== undefined) this.#meetRun(config);
    this.#relay.changed();
  }

  #meetRun(announced: RunConfig): void {
    const training = this.#training;
    if (training === undefined || canonicalJson(announced) === canonicalJson(training.config)) return;
    const answer = answerToAnotherRun(training.status);
    if (answer === 'follow') {
      this.#stop();
      this.#train(announced, training.key).catch((thrown: unknown) => {
        const { message, fix } = problemOf(thrown, 'Reload the page and join again.');
        if (this.#volunteer !== undefined)
          this.#volunteer = { ...this.#volunteer, state: 'failed', reason: message, fix };
        this.#relay.changed();
      });
    } else if (answer === 'insist' && training.insisted < mostInsisting) {
      training.insisted++;
      // A new announcer, because the other run took the records out of the document.
      training.announcer = new Announcer(this.#shared, realClock, canonicalJson(training.config));
      this.#shared.announceConfig(canonicalJson(training.config));
    }
  }
}

/** What a volunteer says, after what is to be said of its key. */
const withInfo = (said: VolunteerStatus, info: string | undefined): VolunteerStatus =>
  info === undefined ? said : { ...said, events: [{ atMs: 0, kind: 'info', text: info }, ...said.events] };

const pause = (ms: number): Promise<void> => new Promise((resolve) => realClock.after(ms, resolve));

const signalingUrl = (base: URL): string => new URL('/', base).href.replace(/^http/, 'ws');
