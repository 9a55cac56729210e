import { canonicalJson } from '../base/canonical-json.ts';
import { pause, realClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { SeededRandom } from '../base/random.ts';
import { admissionTo, type Invitation } from '../swarm/invitation.ts';
import { SharedRooms } from '../swarm/shared-doc-rooms.ts';
import { openSharedDoc } from '../swarm/shared-doc.ts';
import { SignalingClient } from '../swarm/signaling-client.ts';
import type { Transport } from '../swarm/transport.ts';
import { WebRtcTransport } from '../swarm/webrtc-transport.ts';
import { simplePeerWires } from '../swarm/webrtc-transport-wire.ts';
import { choosePreset, probeAdapter } from '../volunteer/probe.ts';
import { runIdOf, type RunConfig } from '../volunteer/run-config.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { Volunteer } from '../volunteer/volunteer.ts';
import { Announcer } from './announcer.ts';
import { ChangeRelay } from './change-relay.ts';
import { fetchCorpusFrom } from './fetch-corpus.ts';
import { answerToAnotherRun, isHeld, Listening } from './find-run.ts';
import { documentRoom, invitationIn, signalingUrlOf } from './invited.ts';
import { newRun } from './new-run.ts';
import { memoryTextShelf } from './own-text-shelf.ts';
import { openRunText } from './own-text-source.ts';
import type { NodeKey } from './node-key.ts';
import type { NodeWebRtc } from './node-network.ts';
import type { PageOptions } from './page-options.ts';
import { AnnouncedConfig } from './run-view.ts';
import { freshSeed } from './training-worker.ts';

export interface NodeHostOptions {
  readonly base: URL;
  readonly page: PageOptions;
  readonly key: NodeKey;
  readonly gpu: GPU;
  /** The most of its time that the GPU may be busy at first, in [0.01, 1]; absent: all of it. */
  readonly gpuShare?: number;
  readonly wrtc: NodeWebRtc;
  /** Called after changes, at most four times a second. */
  readonly changed: () => void;
  /** What stopped it after `join` had resolved and outside the volunteer, whose own failures are in its status. */
  readonly broken: (thrown: unknown) => void;
}

/** How often a volunteer announces its run again over another, so that two old runs in one room come to rest. */
const mostInsisting = 3;
/** How long a goodbye may take to leave: longer than a transport's closing handshake. */
const goodbyeMs = 1_200;

interface Training {
  readonly config: RunConfig;
  readonly volunteer: Volunteer;
  readonly transport: Transport;
  readonly signaling: SignalingClient;
  announcer: Announcer;
  insisted: number;
}

/**
 * A process as the host of one volunteer: what BrowserHost is to a tab, with everything on one thread and no viewer. The
 * run comes from the room's shared document, as it does for a tab, and so does this volunteer's presence in it.
 */
export class NodeHost {
  readonly #options: NodeHostOptions;
  readonly #shared: SharedRooms;
  readonly #corpusUrl: string;
  readonly #signalingUrl: string;
  readonly #invitation: Invitation | undefined;
  readonly #announced: AnnouncedConfig;
  readonly #relay: ChangeRelay;
  #training: Training | undefined;
  #gpuShare: number;
  #joined = false;
  #closed = false;
  #leaving: Promise<void> | undefined;

  private constructor(options: NodeHostOptions, shared: SharedRooms, invitation: Invitation | undefined) {
    this.#options = options;
    this.#invitation = invitation;
    this.#announced = new AnnouncedConfig(invitation !== undefined);
    this.#gpuShare = options.gpuShare ?? 1;
    this.#shared = shared;
    this.#corpusUrl = new URL('/corpus/', options.base).href;
    this.#signalingUrl = signalingUrlOf(options.base);
    this.#relay = new ChangeRelay(realClock, () => {
      const status = this.status;
      if (status !== undefined && !this.#closed) this.#training?.announcer.tell(status);
      options.changed();
    });
    shared.onChange(() => {
      this.#meetAnnouncedRun();
      this.#relay.changed();
    });
  }

  /**
   * Opens the room's shared document. WebSocket and WebRTC must be installed: node-network.ts. Rejects with StarlingError
   * `invitation-damaged`.
   */
  static async open(options: NodeHostOptions): Promise<NodeHost> {
    const invitation = await invitationIn(options.base);
    const seal = invitation?.documentSeal;
    const shared = await SharedRooms.open({
      room: await documentRoom(options.page.room, invitation),
      open: (room) => openSharedDoc({ room, signalingUrls: [signalingUrlOf(options.base)], seal }),
      clock: realClock,
    });
    return new NodeHost(options, shared, invitation);
  }

  /** Undefined until a run was found or begun. */
  get status(): VolunteerStatus | undefined {
    return this.#training?.volunteer.status;
  }

  /** Takes part in the room's run, or starts one where there is none. Once only. Rejects with a StarlingError. */
  async join(): Promise<void> {
    if (this.#joined || this.#closed) return;
    this.#joined = true;
    const config = (await this.#findRun()) ?? (await this.#startRun());
    await this.#train(config);
  }

  /** The most of its time that the GPU may be busy from now on, in [0.01, 1]. */
  setGpuShare(share: number): void {
    this.#gpuShare = share;
    this.#training?.volunteer.setGpuShare(share);
  }

  /** Says goodbye; resolves when it is said. */
  leave(): Promise<void> {
    return (this.#leaving ??= this.#sayGoodbye());
  }

  async #sayGoodbye(): Promise<void> {
    this.#closed = true;
    const training = this.#training;
    training?.announcer.silence();
    training?.volunteer.leave();
    await this.#shared.close();
    if (training !== undefined) await pause(realClock, goodbyeMs);
    training?.signaling.close();
    this.#options.changed();
  }

  async #train(config: RunConfig): Promise<void> {
    const { key, gpu, wrtc } = this.#options;
    const { identity } = key;
    const runId = await runIdOf(config);
    const signingLog = await key.openSigningLog(runId);
    const admission = await admissionTo(runId, this.#invitation);
    if (this.#closed) return;
    const signaling = new SignalingClient({
      urls: [this.#signalingUrl],
      clock: realClock,
      random: new SeededRandom(freshSeed()),
    });
    const transport = new WebRtcTransport({
      signer: identity,
      ...admission,
      signaling,
      clock: realClock,
      random: new SeededRandom(freshSeed()),
      openWire: simplePeerWires({ iceServers: [], clock: realClock, wrtc }),
    });
    const platform = {
      gpu,
      clock: realClock,
      signer: identity,
      signingLog,
      ...openRunText({
        transport,
        clock: realClock,
        config,
        server: fetchCorpusFrom(this.#corpusUrl),
        shelf: memoryTextShelf(),
      }),
      localSeed: freshSeed(),
      gpuShare: this.#gpuShare,
      precision: this.#options.page.precision,
    };
    const volunteer = new Volunteer(platform, config, runId, () => this.#relay.changed());
    const announcer = new Announcer(this.#shared, realClock, canonicalJson(config));
    this.#training = { config, volunteer, transport, signaling, announcer, insisted: 0 };
    // Whatever goes wrong in it is said by its status.
    void volunteer.run();
  }

  /** The run announced in this room that someone is in; undefined after listening long enough. */
  async #findRun(): Promise<RunConfig | undefined> {
    const listening = new Listening(realClock.now(), undefined);
    for (;;) {
      const announced = this.#shared.view();
      const found = this.#heldRun();
      if (found !== undefined || this.#closed) return found;
      if (listening.isEnough(announced, realClock.now())) {
        if (!announced.signaling) {
          throw new StarlingError(
            'server-unreachable',
            `No server answers at ${this.#signalingUrl}.`,
            'Check --url, and that the server runs (`npm start`); one with its own certificate is reached over http:.',
          );
        }
        if (announced.config === undefined || this.#announced.read(announced.config) !== undefined)
          return undefined;
        throw new StarlingError(
          'run-unreadable',
          'The run in this room is not one that this version can train.',
          'Update to the version the others use, or name another room: ?run=any-name.',
        );
      }
      await pause(realClock, 50);
    }
  }

  #heldRun(): RunConfig | undefined {
    const { config, presences } = this.#shared.view();
    const found = this.#announced.read(config);
    return found !== undefined && isHeld(found.founder, presences) ? found : undefined;
  }

  async #startRun(): Promise<RunConfig> {
    const { page, gpu, key } = this.#options;
    let { preset } = page;
    if (preset === 'auto') {
      const { gflops, software } = await probeAdapter(gpu, realClock);
      ({ preset } = choosePreset(gflops, software));
    }
    const config = await newRun({
      options: page,
      preset,
      founder: key.identity.id,
      corpusUrl: this.#corpusUrl,
      byInvitation: this.#invitation !== undefined,
    });
    // Measuring took seconds: another may have started one.
    const meanwhile = this.#heldRun();
    if (meanwhile === undefined && !this.#closed) this.#shared.announceConfig(canonicalJson(config));
    return meanwhile ?? config;
  }

  #meetAnnouncedRun(): void {
    const training = this.#training;
    const announced = this.#announced.read(this.#shared.view().config);
    if (training === undefined || announced === undefined || this.#closed) return;
    if (canonicalJson(announced) === canonicalJson(training.config)) return;
    const answer = answerToAnotherRun(training.volunteer.status);
    if (answer === 'follow') {
      this.#training = undefined;
      training.announcer.silence();
      training.volunteer.leave();
      training.signaling.close();
      this.#train(announced).catch((thrown: unknown) => this.#options.broken(thrown));
    } else if (answer === 'insist' && training.insisted < mostInsisting) {
      training.insisted++;
      // A new announcer, because the other run took the records out of the document.
      training.announcer = new Announcer(this.#shared, realClock, canonicalJson(training.config));
      this.#shared.announceConfig(canonicalJson(training.config));
    }
  }
}
