// The training worker: one volunteer, away from the page's thread so that neither stalls the other.
import { problemOf } from './base/errors.ts';
import { realClock } from './base/clock.ts';
import { ChangeRelay } from './hosts/change-relay.ts';
import type { FromWorker, ToWorker } from './hosts/worker-protocol.ts';
import { fetchCorpusFrom } from './hosts/fetch-corpus.ts';
import { openSigningLog } from './hosts/signing-log.ts';
import { browserTuning } from './hosts/tuning-store.ts';
import { identityFromKeys } from './swarm/identity.ts';
import { PortTransport } from './swarm/port-transport.ts';
import { memorySigningLog } from './swarm/signing-log.ts';
import { isShare } from './volunteer/duty-cycle.ts';
import { choosePreset, probeAdapter } from './volunteer/probe.ts';
import { runIdOf } from './volunteer/run-config.ts';
import { Volunteer } from './volunteer/volunteer.ts';

const say = (message: FromWorker): void => {
  postMessage(message);
};
let volunteer: Volunteer | undefined;
/** What was asked for before there was a volunteer. */
let gpuShare: number | undefined;
const relay = new ChangeRelay(realClock, () => {
  if (volunteer !== undefined) say({ kind: 'status', status: volunteer.status });
});

/** Throws for what is no share: a volunteer would, in the middle of its work. */
function shareOf(share: unknown): number {
  if (!isShare(share)) throw new RangeError(`The GPU's share is to be from 0.01 to 1, not ${String(share)}.`);
  return share;
}

async function start(message: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  const asked = shareOf(message.gpuShare);
  const signer = await identityFromKeys(message.keys);
  const run = await runIdOf(message.config);
  const platform = {
    gpu: (navigator as { gpu?: GPU }).gpu,
    clock: realClock,
    signer,
    signingLog: message.keysAreKept ? await openSigningLog(signer.id, run) : memorySigningLog(),
    transport: new PortTransport(message.transport, signer.id),
    fetchCorpus: fetchCorpusFrom(message.corpusUrl),
    localSeed: message.localSeed,
    gpuShare: gpuShare ?? asked,
    precision: message.precision,
    tuning: browserTuning,
  };
  volunteer = new Volunteer(platform, message.config, run, () => {
    relay.changed();
  });
  await volunteer.run();
}

async function probe(): Promise<void> {
  const measured = await probeAdapter((navigator as { gpu?: GPU }).gpu, realClock);
  say({ kind: 'probed', probe: { ...measured, ...choosePreset(measured.gflops, measured.software) } });
}

const failed = (thrown: unknown): void => {
  say({ kind: 'failed', ...problemOf(thrown, 'Reload the page. If it stays, report it.') });
};

addEventListener('message', (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  switch (message.kind) {
    case 'probe':
      probe().catch(failed);
      break;
    case 'start':
      start(message).catch(failed);
      break;
    case 'pause':
      volunteer?.pause();
      break;
    case 'resume':
      volunteer?.resume();
      break;
    case 'gpu-share':
      try {
        gpuShare = shareOf(message.share);
        volunteer?.setGpuShare(gpuShare);
      } catch (thrown) {
        failed(thrown);
      }
      break;
    case 'leave':
      volunteer?.leave();
      break;
  }
});
