import { realClock } from '../base/clock.ts';
import { StarlingError } from '../base/errors.ts';
import { SeededRandom } from '../base/random.ts';
import { admissionTo, type Invitation } from '../swarm/invitation.ts';
import { serveTransport } from '../swarm/port-transport.ts';
import type { Signaling } from '../swarm/signaling-client.ts';
import { WebRtcTransport } from '../swarm/webrtc-transport.ts';
import type { MetricsDelta } from '../volunteer/metrics-feed.ts';
import { runIdOf, type RunConfig } from '../volunteer/run-config.ts';
import { StatusMirror } from '../volunteer/status-feed.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import type { OpenIdentity } from './identity-store.ts';
import type { ModelRequest } from './model-requests.ts';
import type { FromWorker, Probe, ToWorker } from './worker-protocol.ts';

export const freshSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

const openWorker = (): Worker =>
  new Worker(new URL('../worker.ts', import.meta.url), { type: 'module', name: 'starling' });

/** Measures this browser's adapter in a worker of its own. Rejects with a StarlingError. */
export async function probeInWorker(): Promise<Probe> {
  const worker = openWorker();
  try {
    return await new Promise<Probe>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.kind === 'probed') resolve(data.probe);
        else if (data.kind === 'failed') reject(new StarlingError('probe-failed', data.message, data.fix));
      };
      worker.onerror = (event) => {
        reject(
          new StarlingError(
            'worker-broken',
            `The training worker did not start: ${event.message}`,
            'Reload the page.',
          ),
        );
      };
      worker.postMessage({ kind: 'probe' } satisfies ToWorker);
    });
  } finally {
    worker.terminate();
  }
}

/** What a volunteer in a worker is to know besides its run, its key and its network. */
export type WorkerStart = Pick<
  Extract<ToWorker, { kind: 'start' }>,
  'corpusUrl' | 'gpuShare' | 'hold' | 'precision'
>;

export interface WorkerListener {
  /** `metrics`: what is new of them. The status's own curve is empty. */
  readonly status: (status: VolunteerStatus, metrics: MetricsDelta | undefined) => void;
  /** The worker itself broke: no status will come any more. */
  readonly broken: (message: string, fix: string) => void;
}

/** How a volunteer's transport finds the others. */
export interface WorkerNetwork {
  readonly signaling: Signaling;
  /** Undefined: the run is open to everyone. */
  readonly invitation: Invitation | undefined;
}

/** A volunteer in a worker, with its network on this thread. */
export class TrainingWorker {
  readonly #worker: Worker;
  readonly #closeTransport: () => void;

  private constructor(worker: Worker, closeTransport: () => void) {
    this.#worker = worker;
    this.#closeTransport = closeTransport;
  }

  static async start(
    config: RunConfig,
    { identity, slot }: OpenIdentity,
    { signaling, invitation }: WorkerNetwork,
    asked: WorkerStart,
    listener: WorkerListener,
  ): Promise<TrainingWorker> {
    const transport = new WebRtcTransport({
      signer: identity,
      ...(await admissionTo(await runIdOf(config), invitation)),
      signaling,
      clock: realClock,
      random: new SeededRandom(freshSeed()),
    });
    const channel = new MessageChannel();
    const closeTransport = serveTransport(channel.port1, transport);
    const worker = openWorker();
    const mirror = new StatusMirror();
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'status') listener.status(mirror.take(data.delta), data.metrics);
      else if (data.kind === 'failed') listener.broken(data.message, data.fix);
    };
    worker.onerror = (event) => {
      listener.broken(`The training worker stopped: ${event.message}`, 'Reload the page and join again.');
    };
    const { keys } = identity;
    const start: ToWorker = {
      kind: 'start',
      config,
      keys,
      keysAreKept: slot !== undefined,
      transport: channel.port2,
      localSeed: freshSeed(),
      ...asked,
    };
    worker.postMessage(start, [channel.port2]);
    return new TrainingWorker(worker, closeTransport);
  }

  tell(message: Extract<ToWorker, { kind: 'pause' | 'resume' | 'leave' | 'gpu-share' | 'hold' }>): void {
    this.#worker.postMessage(message);
  }

  ask(message: ModelRequest): void {
    this.#worker.postMessage(message, [message.port]);
  }

  /** Ends at once. The others see the links go. */
  stop(): void {
    this.#worker.terminate();
    this.#closeTransport();
  }
}
