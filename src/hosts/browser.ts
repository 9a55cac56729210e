import { realClock } from '../base/clock.ts';
import { describeError, StarlingError } from '../base/errors.ts';
import type { PresetName } from '../model/config.ts';
import { SharedRooms } from '../swarm/shared-doc-rooms.ts';
import { openSharedDoc } from '../swarm/shared-doc.ts';
import { pauseReasons, savesData } from '../volunteer/auto-pause.ts';
import type { ComfortSettings } from '../volunteer/comfort.ts';
import type { ExportType, TakenHome } from '../volunteer/export-model.ts';
import type { Recording } from '../replay/recording.ts';
import type { PromptProgress, PromptRequest } from '../volunteer/prompt-request.ts';
import type { KeyDesk } from '../volunteer/key-desk.ts';
import type { RunChoice } from '../volunteer/run-choice.ts';
import type { JoinStage } from '../volunteer/status.ts';
import { ChangeRelay } from './change-relay.ts';
import { browserSurroundings } from './comfort/browser-surroundings.ts';
import { Comfort } from './comfort/comfort.ts';
import { ForgetTabs, tabsChannel } from './forget-tabs.ts';
import { browserKept } from './forget.ts';
import { detectEnvironment, type BrowserEnvironment } from './environment.ts';
import type { HostSnapshot } from './host-snapshot.ts';
import { documentRoom, invitationIn, signalingUrlOf } from './invited.ts';
import { laterKeys } from './key-move-later.ts';
import { MeasuredSpeeds } from './measured-speeds.ts';
import type { PageOptions } from './page-options.ts';
import { ModelRequests } from './model-requests.ts';
import { PageRoom } from './page-room.ts';
import { goTo, keepWish, PageStarter, showAddress, takeWish } from './run-starter.ts';
import type { TakingPart } from './taking-part.ts';
import { inviteAddress } from './wished-run.ts';

/**
 * A browser tab as the host of at most one volunteer: shared document and WebRTC here, training in a worker. What it takes to
 * take part is loaded when someone wants to.
 */
export class BrowserHost {
  readonly #options: PageOptions;
  readonly #base: URL;
  readonly #room: PageRoom;
  readonly #listeners = new Set<(snapshot: HostSnapshot) => void>();
  readonly #relay: ChangeRelay;
  readonly #surroundings = browserSurroundings();
  readonly #comfort: Comfort;
  readonly #invite: HostSnapshot['invite'];
  readonly #speeds: MeasuredSpeeds;
  /** Starts runs, here or at an address of their own, and forgets everything. */
  readonly starter: PageStarter;
  /** Takes this tab's key to another browser, and brings one here. */
  readonly keys: KeyDesk;
  /** The recorded run that comes with the page. Rejects with a StarlingError. */
  readonly recording: () => Promise<Recording>;
  #environment: HostSnapshot['environment'];
  /** From the first press of Join until the tab closes. */
  #part: TakingPart | undefined;
  #opening: Promise<TakingPart> | undefined;
  #joining = false;
  #closed = false;
  /** What was announced as the run when the document was looked at. */
  #config: string | undefined;
  #stage: JoinStage | undefined;

  private constructor(
    options: PageOptions,
    base: URL,
    room: PageRoom,
    environment: BrowserEnvironment,
    wished: RunChoice | undefined,
  ) {
    this.#options = options;
    this.#base = base;
    this.#room = room;
    this.#environment = environment;
    const byInvitation = room.invitation !== undefined;
    this.#invite = {
      room: options.room,
      href: inviteAddress(base, options.room, byInvitation),
      byInvitation,
    };
    this.#speeds = new MeasuredSpeeds(this.#surroundings);
    this.#relay = new ChangeRelay(realClock, () => {
      // The document changes several times a round: it is read as often as the page is told, not each time.
      this.#lookAtDocument();
      const snapshot = this.snapshot();
      for (const listener of this.#listeners) listener(snapshot);
    });
    this.#comfort = new Comfort({
      surroundings: this.#surroundings,
      clock: realClock,
      keepTo: (asked) => this.#part?.volunteer.keepTo(asked),
      changed: () => this.#relay.changed(),
    });
    this.keys = laterKeys(async () => (await this.#partHere()).keys);
    this.recording = async () => (await import('./replay-shipped.ts')).shippedRecording(base);
    const end = async (): Promise<void> => {
      await this.leave();
      this.close();
    };
    const anew = (): void => goTo(base);
    this.starter = new PageStarter(
      {
        ...{ base, options, byInvitation: room.invitation !== undefined },
        ...{ kept: browserKept(), go: goTo, show: showAddress, keepWish },
        start: (choice, asked) => this.#start(choice, asked),
        measure: () => this.#measure(),
        end,
        tabs: new ForgetTabs({ channel: tabsChannel(), clock: realClock, end, anew }),
      },
      wished,
    );
    room.shared.onChange(() => {
      // Another run is met at once, before anything is announced in it that is of ours.
      if (room.shared.config !== this.#config) this.#lookAtDocument();
      this.#relay.changed();
    });
    this.#relay.changed();
  }

  /**
   * Joins the room's shared document as a viewer. `base` is the page's address, with the key of a run by invitation. Rejects with
   * StarlingError `invitation-damaged` or `invitation-insecure`.
   */
  static async open(options: PageOptions, base: URL): Promise<BrowserHost> {
    const wished = takeWish(base);
    const [environment, invitation] = await Promise.all([detectEnvironment(), invitationIn(base)]);
    const seal = invitation?.documentSeal;
    const shared = await SharedRooms.open({
      room: await documentRoom(options.room, invitation),
      open: (room) => openSharedDoc({ room, signalingUrls: [signalingUrlOf(base)], seal }),
      clock: realClock,
    });
    return new BrowserHost(options, base, new PageRoom(shared, invitation), environment, wished);
  }

  snapshot(): HostSnapshot {
    return {
      view: this.#room.view(this.#part?.volunteer.run),
      volunteer: this.#part?.volunteer.status,
      metrics: this.#part?.volunteer.metrics(this.#room.announced().config),
      environment: this.#environment,
      joining: this.#stage,
      comfort: this.#comfort.view(),
      contribution: this.#part?.volunteer.contribution,
      invite: this.#invite,
      speeds: this.#speeds.of(this.#environment.gpu),
    };
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
  join({ preset }: { readonly preset: PresetName | 'auto' }): Promise<void> {
    return this.#takingPart((part) => part.join(preset));
  }

  /** Rejects with StarlingError `run-exists` where this tab trains here already: nobody takes its place in silence. */
  async #start(choice: RunChoice, options: PageOptions): Promise<void> {
    if (this.#part?.volunteer.isAtWork === true) {
      const why = 'This tab trains the run of this name.';
      throw new StarlingError('run-exists', why, 'Choose another name, or leave the run first.');
    }
    await this.#takingPart((part) => part.start(choice, options));
  }

  async #takingPart(enter: (part: TakingPart) => Promise<void>): Promise<void> {
    if (this.#part?.volunteer.isAtWork === true || this.#joining) return;
    if (this.#closed) throw new StarlingError('page-over', 'This page has ended.', 'Reload it.');
    const { hold } = this.#comfort.asked;
    if (hold !== undefined && savesData(hold))
      throw new StarlingError('saves-data', pauseReasons[hold], 'Choose “Run anyway”, then join.');
    this.#joining = true;
    this.#at('looking');
    try {
      await enter(await this.#partHere());
    } finally {
      this.#joining = false;
      this.#at(undefined);
    }
  }

  pause(): void {
    this.#part?.volunteer.pauses('pause');
  }

  resume(): void {
    this.#part?.volunteer.pauses('resume');
  }

  /** The most of its time that the GPU may be busy, in [0.01, 1]: of the volunteer at work, and of those to come. */
  setGpuShare(share: number): void {
    this.#comfort.set({ share });
  }

  setComfort(change: Partial<ComfortSettings>): void {
    this.#comfort.set(change);
  }

  /** What this tab's key is to be called; undefined: by the name that its id gives. */
  setName(name: string | undefined): void {
    this.#part?.volunteer.setName(name);
  }

  runAnyway(): void {
    this.#comfort.runAnyway();
  }

  /** Has the model of this tab's volunteer go on from a prompt; ends in a progress of another state than `writing`. */
  write(request: PromptRequest, tell: (progress: PromptProgress) => void): () => void {
    return this.#part === undefined
      ? new ModelRequests().write(undefined, request, tell)
      : this.#part.volunteer.write(request, tell);
  }

  /** The model of this tab's volunteer as files. Rejects with a StarlingError. */
  takeHome(dtype: ExportType): Promise<TakenHome> {
    return this.#part === undefined
      ? new ModelRequests().takeHome(undefined, dtype)
      : this.#part.volunteer.takeHome(dtype);
  }

  /** Ends the volunteer; one that failed is put aside, so that this tab can join again. */
  async leave(): Promise<void> {
    await this.#part?.volunteer.leave();
  }

  /** The tab closes: the others should not wait for this volunteer. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#comfort.close();
    this.#part?.close();
    void this.#room.shared.close();
  }

  /** What the page is told until the volunteer has something to say. */
  #at(stage: JoinStage | undefined): void {
    this.#stage = stage;
    this.#relay.changed();
  }

  async #measure(): Promise<void> {
    if (this.#environment.suggestedPreset !== undefined || !this.#environment.canTrain) return;
    await (await this.#partHere()).measure();
    this.#relay.changed();
  }

  /** The same one for all who ask, also while it is being loaded. */
  async #partHere(): Promise<TakingPart> {
    this.#opening ??= this.#takePart();
    try {
      return (this.#part = await this.#opening);
    } catch (thrown) {
      this.#opening = undefined;
      throw thrown;
    }
  }

  async #takePart(): Promise<TakingPart> {
    const { TakingPart } = await import('./taking-part.ts').catch((thrown: unknown) => {
      if (!this.#room.announced().signaling) throw noServer();
      const why = `What it takes to train could not be loaded: ${describeError(thrown)}.`;
      throw new StarlingError('page-incomplete', why, 'Reload the page, then join.');
    });
    return new TakingPart({
      page: this.#options,
      room: this.#room,
      corpusUrl: new URL('corpus/', this.#base).href,
      signalingUrl: signalingUrlOf(this.#base),
      kept: this.#surroundings,
      asked: () => this.#comfort.asked,
      saw: (status) => {
        this.#comfort.saw(status);
        this.#speeds.saw(status);
      },
      changed: () => this.#relay.changed(),
      at: (stage) => this.#at(stage),
      measured: (suggestedPreset) => {
        this.#environment = { ...this.#environment, suggestedPreset };
      },
    });
  }

  #lookAtDocument(): void {
    this.#config = this.#room.shared.config;
    const config = this.#room.look();
    if (config !== undefined) this.#part?.volunteer.meet(config);
  }
}

const noServer = (): StarlingError =>
  new StarlingError(
    'server-unreachable',
    'The server does not answer, and what it takes to train comes from there.',
    'Check this machine’s connection, and that the server runs; then join again.',
  );
