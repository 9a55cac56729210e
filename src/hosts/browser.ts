import { realClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { SeededRandom } from '../base/random.ts';
import { manifestDigest, parseManifest } from '../data/manifest.ts';
import type { PresetName } from '../model/config.ts';
import { createIdentity, type Identity } from '../swarm/identity.ts';
import type { SharedDoc } from '../swarm/shared-doc-state.ts';
import { openSharedDoc, type OpenSharedDoc } from '../swarm/shared-doc.ts';
import { SignalingClient } from '../swarm/signaling-client.ts';
import { canonicalJson } from '../base/canonical-json.ts';
import type { RunConfig } from '../volunteer/run-config.ts';
import { planRun } from '../volunteer/run-plan.ts';
import type { RunView } from '../volunteer/run-view.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { Announcer } from './announcer.ts';
import { ChangeRelay } from './change-relay.ts';
import { detectEnvironment, type BrowserEnvironment } from './environment.ts';
import { fetchCorpusFrom } from './fetch-corpus.ts';
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

/** How long a newcomer listens for a run in the room before it starts one. */
const listenForRunMs = 2_500;
/** A run nobody else takes part in is given up for another announced in the room only this early. */
const youngRounds = 20;

/** A browser tab as the host of at most one volunteer: shared document and WebRTC here, training in a worker. */
export class BrowserHost {
  readonly #options: PageOptions;
  readonly #base: URL;
  readonly #signalingUrl: string;
  readonly #document: OpenSharedDoc;
  readonly #shared: SharedDoc;
  readonly #announced = new AnnouncedConfig();
  readonly #announcer: Announcer;
  readonly #listeners = new Set<(snapshot: HostSnapshot) => void>();
  readonly #relay: ChangeRelay;
  #environment: HostSnapshot['environment'];
  #volunteer: VolunteerStatus | undefined;
  #training:
    { worker: TrainingWorker; signaling: SignalingClient; config: RunConfig; identity: Identity } | undefined;

  private constructor(
    options: PageOptions,
    base: URL,
    document: OpenSharedDoc,
    environment: BrowserEnvironment,
  ) {
    this.#options = options;
    this.#base = base;
    this.#signalingUrl = signalingUrl(base);
    this.#document = document;
    this.#shared = document.shared;
    this.#announcer = new Announcer(document.shared, realClock);
    this.#environment = environment;
    this.#relay = new ChangeRelay(realClock, () => {
      const snapshot = this.snapshot();
      for (const listener of this.#listeners) listener(snapshot);
    });
    document.shared.onChange(() => {
      this.#followEarlierRun();
      this.#relay.changed();
    });
  }

  /** Joins the room's shared document as a viewer. `base` is the page's address. */
  static async open(options: PageOptions, base: URL): Promise<BrowserHost> {
    const environment = await detectEnvironment();
    const document = await openSharedDoc({
      room: `starling/${options.room}`,
      signalingUrls: [signalingUrl(base)],
    });
    return new BrowserHost(options, base, document, environment);
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

  /** Takes part in the room's run, or starts one where there is none. Rejects with a StarlingError. */
  async join({ preset }: { readonly preset: PresetName | 'auto' }): Promise<void> {
    if (this.#training !== undefined) return;
    const identity = await createIdentity();
    const config = (await this.#findRun()) ?? (await this.#startRun(preset, identity));
    await this.#train(config, identity);
  }

  pause(): void {
    this.#training?.worker.tell({ kind: 'pause' });
  }

  resume(): void {
    this.#training?.worker.tell({ kind: 'resume' });
  }

  async leave(): Promise<void> {
    const training = this.#training;
    if (training === undefined) return;
    training.worker.tell({ kind: 'leave' });
    const deadline = realClock.now() + 1_000;
    while (this.#volunteer?.state !== 'left' && realClock.now() < deadline) await pause(20);
    this.#stop();
    this.#relay.changed();
  }

  /** The tab closes: the others should not wait for this volunteer. */
  close(): void {
    this.#stop();
    void this.#document.close();
  }

  async #train(config: RunConfig, identity: Identity): Promise<void> {
    const signaling = new SignalingClient({
      urls: [this.#signalingUrl],
      clock: realClock,
      random: new SeededRandom(freshSeed()),
    });
    const worker = await TrainingWorker.start(
      config,
      identity,
      signaling,
      new URL('corpus/', this.#base).href,
      {
        status: (status) => {
          this.#volunteer = status;
          if (status.state === 'failed' || status.state === 'left') this.#stop();
          else this.#announcer.tell(status);
          this.#relay.changed();
        },
        broken: (message, fix) => {
          if (this.#volunteer !== undefined)
            this.#volunteer = { ...this.#volunteer, state: 'failed', reason: message, fix };
          this.#stop();
          this.#relay.changed();
        },
      },
    );
    this.#training = { worker, signaling, config, identity };
  }

  #stop(): void {
    const training = this.#training;
    if (training === undefined) return;
    this.#training = undefined;
    training.worker.stop();
    training.signaling.close();
    this.#announcer.silence();
  }

  /** The run announced in this room that someone still trains; undefined after listening long enough. */
  async #findRun(): Promise<RunConfig | undefined> {
    const deadline = realClock.now() + listenForRunMs;
    while (realClock.now() < deadline) {
      const { config, presences } = this.#shared.view();
      const found = this.#announced.read(config);
      if (found !== undefined && presences.length > 0) return found;
      await pause(50);
    }
    return undefined;
  }

  async #startRun(wished: PresetName | 'auto', identity: Identity): Promise<RunConfig> {
    let preset = wished === 'auto' ? this.#options.preset : wished;
    if (preset === 'auto') {
      const probe = await probeInWorker();
      this.#environment = { ...this.#environment, suggestedPreset: probe };
      preset = probe.preset;
    }
    const manifest = parseManifest(
      await fetchCorpusFrom(new URL('corpus/', this.#base).href)('manifest.json'),
    );
    if (!manifest.ok) {
      throw new StarlingError(
        'corpus-manifest',
        `The text manifest is unusable: ${manifest.reason}.`,
        'Run `npm start` again.',
      );
    }
    const config = planRun({
      preset,
      seed: this.#options.seed ?? freshSeed(),
      volunteers: this.#options.volunteers,
      rounds: this.#options.rounds,
      fixedWork: this.#options.seed !== undefined,
      founder: identity.id,
      corpus: await manifestDigest(manifest.value),
    });
    this.#shared.announceConfig(canonicalJson(config));
    return config;
  }

  /** Two tabs that pressed Join at the same moment each started a run; the document keeps one, and the other joins it. */
  #followEarlierRun(): void {
    const training = this.#training;
    const announced = this.#announced.read(this.#shared.view().config);
    if (training === undefined || announced === undefined) return;
    if (canonicalJson(announced) === canonicalJson(training.config)) return;
    if ((this.#volunteer?.members ?? 0) > 1 || (this.#volunteer?.round ?? 0) > youngRounds) return;
    this.#stop();
    void this.#train(announced, training.identity);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => realClock.after(ms, resolve));

const signalingUrl = (base: URL): string => new URL('/', base).href.replace(/^http/, 'ws');
