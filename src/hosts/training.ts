import { canonicalJson } from '../base/canonical-json.ts';
import { realClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import type { RunId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { SignalingClient } from '../swarm/signaling-client.ts';
import type { PauseCause } from '../volunteer/comfort.ts';
import { runIdOf, type RunConfig } from '../volunteer/run-config.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import { Announcer } from './announcer.ts';
import { answerToAnotherRun } from './find-run.ts';
import type { OpenIdentity } from './identity-store.ts';
import type { ModelRequest } from './model-requests.ts';
import type { PageRoom } from './page-room.ts';
import { freshSeed, TrainingWorker, type WorkerListener, type WorkerStart } from './training-worker.ts';

/** How often a volunteer announces its run again over another, so that two old runs in one room come to rest. */
const mostInsisting = 3;

/** What a volunteer is to keep to: its share of the GPU, and why it is to pause. */
export interface Asked {
  readonly share: number;
  readonly hold: PauseCause | undefined;
}

/** What a Training is to whoever holds it. */
export type OneTraining = Pick<Training, keyof Training>;

/** A volunteer of this tab, from the press of Join until it left or failed. */
export class Training {
  readonly config: RunConfig;
  /** The config as it is announced: tells this run from others. */
  readonly text: string;
  /** The config's digest; undefined for a moment after the start. */
  run: RunId | undefined;
  readonly key: OpenIdentity;
  /** Undefined until the worker said something; kept by whoever listens. */
  status: VolunteerStatus | undefined;
  readonly #room: PageRoom;
  readonly #signaling: SignalingClient;
  #announcer: Announcer;
  #worker: TrainingWorker | undefined;
  #insisted = 0;
  /** The announced run as it was last read, where it was this one. */
  #same: RunConfig | undefined;
  #isOver = false;
  /** Lets go of whoever awaits the worker's first word. */
  #letGo = (): void => undefined;

  constructor(config: RunConfig, key: OpenIdentity, room: PageRoom, signalingUrl: string) {
    this.config = config;
    this.text = canonicalJson(config);
    this.key = key;
    this.#room = room;
    this.#signaling = new SignalingClient({
      urls: [signalingUrl],
      clock: realClock,
      random: new SeededRandom(freshSeed()),
    });
    this.#announcer = new Announcer(room.shared, realClock, this.text);
  }

  /** Resolves with the worker's first word or when it is stopped; rejects if neither will come. */
  start(
    start: Omit<WorkerStart, 'gpuShare' | 'hold'>,
    asked: () => Asked,
    listener: WorkerListener,
  ): Promise<void> {
    void runIdOf(this.config).then((run) => {
      this.run = run;
    });
    return new Promise((resolve, reject) => {
      this.#letGo = resolve;
      const heard: WorkerListener = {
        status: (said, metrics) => {
          if (this.#isOver) return;
          listener.status(said, metrics);
          resolve();
        },
        broken: (message, fix) => {
          if (this.#isOver) return;
          if (this.status === undefined) reject(new StarlingError('worker-broken', message, fix));
          listener.broken(message, fix);
        },
      };
      const { share, hold } = asked();
      const whole = { ...start, gpuShare: share, hold };
      const network = { signaling: this.#signaling, invitation: this.#room.invitation };
      TrainingWorker.start(this.config, this.key, network, whole, heard).then((worker) => {
        if (this.#isOver) {
          worker.stop();
          return;
        }
        this.#worker = worker;
        const now = asked();
        if (now.share !== share) worker.tell({ kind: 'gpu-share', share: now.share });
        if (now.hold !== hold) worker.tell({ kind: 'hold', cause: now.hold });
      }, reject);
    });
  }

  keepTo({ share, hold }: Asked): void {
    this.#worker?.tell({ kind: 'gpu-share', share });
    this.#worker?.tell({ kind: 'hold', cause: hold });
  }

  tell(kind: 'pause' | 'resume' | 'leave'): void {
    this.#worker?.tell({ kind });
  }

  /** Undefined while there is no worker. */
  get ask(): ((message: ModelRequest) => void) | undefined {
    const worker = this.#worker;
    return worker && ((message) => worker.ask(message));
  }

  /** Tells the room what the volunteer says, and what its person called it. */
  announce(status: VolunteerStatus, name: string | undefined): void {
    this.#announcer.tell(status, name);
  }

  /** Another run is announced in the room. `follow`: this one is to be given up. */
  meet(announced: RunConfig): 'follow' | 'stay' {
    if (announced === this.#same) return 'stay';
    if (canonicalJson(announced) === this.text) {
      this.#same = announced;
      return 'stay';
    }
    const answer = answerToAnotherRun(this.status);
    if (answer === 'insist' && this.#insisted < mostInsisting) {
      this.#insisted++;
      // A new announcer, because the other run took the records out of the document.
      this.#announcer = new Announcer(this.#room.shared, realClock, this.text);
      this.#room.shared.announceConfig(this.text);
    }
    return answer === 'follow' ? 'follow' : 'stay';
  }

  /** Ends at once; nothing is heard of it any more. */
  stop(): void {
    this.#isOver = true;
    this.#worker?.stop();
    this.#signaling.close();
    this.#announcer.silence();
    this.#letGo();
  }
}

/** What a volunteer says, after what is to be said of its key. */
export const withInfo = (said: VolunteerStatus, info: string | undefined): VolunteerStatus =>
  info === undefined ? said : { ...said, events: [{ atMs: 0, kind: 'info', text: info }, ...said.events] };
