import { realClock } from '../src/base/clock.ts';
import { SeededRandom } from '../src/base/random.ts';
import { openIdentity } from '../src/hosts/identity-store.ts';
import { newRun } from '../src/hosts/new-run.ts';
import { readPageOptions } from '../src/hosts/page-options.ts';
import type { FromWorker, ToWorker } from '../src/hosts/worker-protocol.ts';
import { admissionTo } from '../src/swarm/invitation.ts';
import { serveTransport } from '../src/swarm/port-transport.ts';
import { SignalingClient } from '../src/swarm/signaling-client.ts';
import { WebRtcTransport } from '../src/swarm/webrtc-transport.ts';
import { runIdOf } from '../src/volunteer/run-config.ts';
import { RunMetrics } from '../src/volunteer/run-metrics.ts';

/** A training that is driven by hand. */
export interface BareTraining {
  pause(): void;
  resume(): void;
  /** `[round, ms]` of every round so far. */
  rounds(): [number, number][];
  /** Tokens of a micro-batch. */
  readonly tokensAMicroBatch: number;
  /** Tokens of a round, by the run's config. */
  readonly tokensARound: number;
}

/**
 * In a page that shows nothing: the worker of the real page, in the run that the real page would start at this address. Its
 * network is here as it is there; what it says is kept and not looked at.
 */
export async function trainBare(workerUrl: string, search: string): Promise<BareTraining> {
  const options = readPageOptions(search);
  const { identity, slot } = await openIdentity();
  const corpusUrl = new URL('/corpus/', location.href).href;
  if (options.preset === 'auto') throw new Error('The address is to name the preset.');
  const config = await newRun({
    ...{ options, corpusUrl, preset: options.preset },
    ...{ founder: identity.id, byInvitation: false },
  });
  const signaling = new SignalingClient({
    urls: [new URL('/', location.href).href.replace(/^http/, 'ws')],
    clock: realClock,
    random: new SeededRandom(1),
  });
  const transport = new WebRtcTransport({
    signer: identity,
    ...(await admissionTo(await runIdOf(config), undefined)),
    signaling,
    clock: realClock,
    random: new SeededRandom(2),
  });
  const channel = new MessageChannel();
  serveTransport(channel.port1, transport);
  const metrics = new RunMetrics('bare');
  const worker = new Worker(workerUrl, { type: 'module', name: 'starling' });
  const tell = (message: ToWorker, move: Transferable[] = []): void => worker.postMessage(message, move);
  const started = new Promise<void>((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'failed') reject(new Error(data.message));
      if (data.kind !== 'status') return;
      metrics.take(data.metrics);
      resolve();
    };
  });
  tell(
    {
      kind: 'start',
      config,
      keys: identity.keys,
      keysAreKept: slot !== undefined,
      transport: channel.port2,
      corpusUrl,
      localSeed: 1,
      gpuShare: 1,
      hold: undefined,
      precision: options.precision,
    },
    [channel.port2],
  );
  await started;
  return {
    pause: () => tell({ kind: 'pause' }),
    resume: () => tell({ kind: 'resume' }),
    rounds: () => {
      const view = metrics.viewFor(undefined);
      const [rounds, ms] = [view.column('round'), view.column('roundMs')];
      return Array.from(rounds, (round, i) => [round, ms[i] ?? NaN]);
    },
    tokensAMicroBatch: config.microBatch * config.model.context,
    tokensARound: config.tokensPerRound,
  };
}
