import { canonicalJson } from '../base/canonical-json.ts';
import type { PeerId } from '../base/ids.ts';
import type { PresetName } from '../model/config.ts';
import { StarlingError } from '../base/errors.ts';
import type { RunChoice } from '../volunteer/run-choice.ts';
import type { RunConfig } from '../volunteer/run-config.ts';
import type { JoinStage } from '../volunteer/status.ts';
import type { OpenIdentity } from './identity-store.ts';
import { TabKeys } from './key-move-desk.ts';
import { newRun, type NewRun } from './new-run.ts';
import type { PageOptions } from './page-options.ts';
import type { PageRoom } from './page-room.ts';
import { TabVolunteer, type TabVolunteerOptions } from './tab-volunteer.ts';
import { Training } from './training.ts';
import { probeInWorker } from './training-worker.ts';
import type { Probe } from './worker-protocol.ts';

export interface TakingPartOptions extends Pick<TabVolunteerOptions, 'kept' | 'asked' | 'saw' | 'changed'> {
  readonly page: PageOptions;
  readonly room: PageRoom;
  readonly corpusUrl: string;
  readonly signalingUrl: string;
  /** What is being done on the way into the run. */
  readonly at: (stage: JoinStage) => void;
  /** What this adapter is good for was measured. */
  readonly measured: (probe: Probe) => void;
}

/** All that whoever starts a run chooses of it. */
type Started = Omit<NewRun, 'corpusUrl' | 'byInvitation' | 'founder'>;

/** What a tab needs to take part: its key, its volunteer, and a run where there is none. A viewer's page never loads it. */
export class TakingPart {
  readonly volunteer: TabVolunteer;
  /** The key that this tab signs with, and the ways to move it. */
  readonly keys: TabKeys;
  readonly #options: TakingPartOptions;
  /** On the way into a run. */
  #isEntering = false;
  /** What this tab started last. Whoever joins again after a failure, and is alone, starts the same and nothing else. */
  #started: Started | undefined;

  constructor(options: TakingPartOptions) {
    this.#options = options;
    const { page, room, corpusUrl, signalingUrl, kept, asked, saw, changed } = options;
    const start = { corpusUrl, precision: page.precision };
    const begin = (config: RunConfig, key: OpenIdentity): Training =>
      new Training(config, key, room, signalingUrl);
    this.volunteer = new TabVolunteer({ begin, start, kept, asked, saw, changed });
    this.keys = new TabKeys({
      names: this.volunteer.names,
      isInRun: () => this.#isEntering || this.volunteer.run !== undefined,
      changed,
    });
  }

  /** Into the room's run, or a new one where there is none. Resolves when the volunteer is at work, rejects with a StarlingError. */
  join(preset: PresetName | 'auto'): Promise<void> {
    return this.#enter(() => this.#join(preset));
  }

  async #join(preset: PresetName | 'auto'): Promise<void> {
    const { room, at } = this.#options;
    const key = await this.keys.open();
    const self = key.identity.id;
    const found = await room.findRun(self);
    if (found !== undefined && found.founder !== self) this.#started = undefined;
    const config = found ?? (await this.#startRun(preset, self));
    at('opening');
    await this.volunteer.train(config, key);
  }

  /** Into a new run as chosen, in this room. Rejects with StarlingError `run-exists` where there is one. */
  start(choice: RunChoice, page: PageOptions): Promise<void> {
    return this.#enter(() => this.#start(choice, page));
  }

  async #start(choice: RunChoice, page: PageOptions): Promise<void> {
    const { room, at } = this.#options;
    const key = await this.keys.open();
    const self = key.identity.id;
    if ((await room.findRun(self)) !== undefined) throw runExists();
    at('preparing');
    const { preset, corpus, start } = choice;
    const started: Started = { options: page, preset, corpus, start };
    const config = await this.#announce({ ...started, founder: self });
    if (config.founder !== self) throw runExists();
    this.#started = started;
    at('opening');
    await this.volunteer.train(config, key);
  }

  /** Measures what this adapter is good for, if no volunteer of this tab keeps it busy. */
  async measure(): Promise<void> {
    if (!this.volunteer.isAtWork) this.#options.measured(await probeInWorker());
  }

  /** The tab closes. */
  close(): void {
    this.volunteer.stop();
    this.keys.close();
  }

  /** Meanwhile the key stays where it is. */
  async #enter(work: () => Promise<void>): Promise<void> {
    this.#isEntering = true;
    try {
      await work();
    } finally {
      this.#isEntering = false;
    }
  }

  async #startRun(wished: PresetName | 'auto', self: PeerId): Promise<RunConfig> {
    const { page, at, measured } = this.#options;
    if (this.#started !== undefined) {
      at('preparing');
      return this.#announce({ ...this.#started, founder: self });
    }
    let preset = wished === 'auto' ? page.preset : wished;
    if (preset === 'auto') {
      at('measuring');
      const probe = await probeInWorker();
      measured(probe);
      preset = probe.preset;
    }
    at('preparing');
    return this.#announce({ options: page, preset, founder: self });
  }

  /** The new run, or one that another started while this one was prepared. */
  async #announce(of: Omit<NewRun, 'corpusUrl' | 'byInvitation'>): Promise<RunConfig> {
    const { room, corpusUrl } = this.#options;
    const config = await newRun({ ...of, corpusUrl, byInvitation: room.invitation !== undefined });
    const meanwhile = room.heldRun(of.founder);
    if (meanwhile === undefined) room.shared.announceConfig(canonicalJson(config));
    return meanwhile ?? config;
  }
}

const runExists = (): StarlingError =>
  new StarlingError(
    'run-exists',
    'There is a run by this name already.',
    'Join it with the button above, or choose another name.',
  );
