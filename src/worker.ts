// The training worker: one volunteer, away from the page's thread so that neither stalls the other.
import { problemOf } from './base/errors.ts';
import { realClock } from './base/clock.ts';
import { ChangeRelay } from './hosts/change-relay.ts';
import { answer } from './hosts/model-requests.ts';
import type { FromWorker, ToWorker } from './hosts/worker-protocol.ts';
import { fetchCorpusFrom } from './hosts/fetch-corpus.ts';
import { openRunText } from './hosts/own-text-source.ts';
import { browserTextShelf } from './hosts/own-text-store.ts';
import { openSigningLog } from './hosts/signing-log.ts';
import { browserTuning } from './hosts/tuning-store.ts';
import { identityFromKeys } from './swarm/identity.ts';
import { PortTransport } from './swarm/port-transport.ts';
import { memorySigningLog } from './swarm/signing-log.ts';
import { savesData } from './volunteer/auto-pause.ts';
import { isShare } from './volunteer/duty-cycle.ts';
import type { PauseCause } from './volunteer/comfort.ts';
import { choosePreset, probeAdapter } from './volunteer/probe.ts';
import { runIdOf } from './volunteer/run-config.ts';
import { StatusFeed } from './volunteer/status-feed.ts';
import { Volunteer } from './volunteer/volunteer.ts';

const say = (message: FromWorker): void => {
  postMessage(message);
};
const feed = new StatusFeed();
let volunteer: Volunteer | undefined;
/** What was asked for before there was a volunteer. */
let gpuShare: number | undefined;
let hold: { readonly cause: PauseCause | undefined } | undefined;
let isPaused = false;
/** Whether the page was told that the volunteer trains. */
let isTraining = false;
/** When the page last asked for something. */
let askedMs = -Infinity;
/**
 * Rounds that follow each other are told half as often as what somebody may be waiting for: telling takes time from training, here and
 * in the page.
 */
const gapMs = (): number => (isTraining && realClock.now() - askedMs > 3_000 ? 500 : 250);
const relay = new ChangeRelay(
  realClock,
  () => {
    if (volunteer === undefined) return;
    const metrics = volunteer.takeMetrics();
    const { status } = volunteer;
    isTraining = status.state === 'training';
    const delta = feed.take({ ...status, curve: [] });
    say({ kind: 'status', delta, metrics });
  },
  gapMs,
);

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
    ...openRunText({
      transport: new PortTransport(message.transport, signer.id),
      clock: realClock,
      config: message.config,
      server: fetchCorpusFrom(message.corpusUrl),
      shelf: browserTextShelf,
      mayFetchAhead: () => !savesData(hold === undefined ? message.hold : hold.cause),
    }),
    localSeed: message.localSeed,
    gpuShare: gpuShare ?? asked,
    heldBy: hold === undefined ? message.hold : hold.cause,
    precision: message.precision,
    tuning: browserTuning,
  };
  volunteer = new Volunteer(platform, message.config, run, () => {
    relay.changed();
  });
  if (isPaused) volunteer.pause();
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
  askedMs = realClock.now();
  switch (message.kind) {
    case 'probe':
      probe().catch(failed);
      break;
    case 'start':
      start(message).catch(failed);
      break;
    case 'pause':
      isPaused = true;
      volunteer?.pause();
      break;
    case 'resume':
      isPaused = false;
      volunteer?.resume();
      break;
    case 'hold':
      hold = message;
      volunteer?.hold(message.cause);
      break;
    case 'gpu-share':
      try {
        gpuShare = shareOf(message.share);
        volunteer?.setGpuShare(gpuShare);
      } catch (thrown) {
        failed(thrown);
      }
      break;
    case 'write':
    case 'take-home':
      answer(volunteer?.desk, message, Date.now() / 1000);
      break;
    case 'leave':
      volunteer?.leave();
      break;
  }
});
