import { realClock } from '../base/clock.ts';
import { SeededRandom } from '../base/random.ts';
import { nodeGpu } from '../hosts/node.ts';
import { createIdentity } from '../swarm/identity.ts';
import { MemoryNetwork } from '../swarm/memory-transport.ts';
import type { Transport } from '../swarm/transport.ts';
import { runIdOf, type RunConfig } from '../volunteer/run-config.ts';
import { planRun } from '../volunteer/run-plan.ts';
import type { FetchStart } from '../volunteer/start-weights.ts';
import type { VolunteerStatus } from '../volunteer/status.ts';
import type { TuningStore } from '../volunteer/tuning-record.ts';
import { Volunteer } from '../volunteer/volunteer.ts';
import { toyCorpus } from './gpu-swarm.ts';
import { toyConfig } from './toy-run.ts';

/** Nothing is measured: the usual variants do for tests of other things, and a visit of two seconds each would not. */
const tuning: TuningStore = {
  get: () => Promise.resolve(undefined),
  put: () => Promise.resolve(),
  budgetMs: 0,
};

/** Volunteers of one run of a toy model, each with a GPU of its own, over a memory network without delay. None runs yet. */
export async function volunteersOf(
  count: number,
  seed: number,
  change: (planned: RunConfig) => RunConfig,
  {
    gpuOf = nodeGpu,
    fetchStart,
  }: {
    readonly gpuOf?: (index: number) => GPU;
    /** For a run that starts from given weights: each volunteer's way to them. */
    readonly fetchStart?: (index: number) => FetchStart;
  } = {},
) {
  const network = new MemoryNetwork({ clock: realClock, random: new SeededRandom(seed), delayMs: [0, 0] });
  const corpus = await toyCorpus();
  const signers = await Promise.all(Array.from({ length: count }, () => createIdentity()));
  const planned = planRun({
    preset: 'nano',
    seed,
    volunteers: count,
    rounds: 12,
    fixedWork: true,
    founder: signers[0].id,
    nonce: '0'.repeat(32),
    corpus: corpus.id,
  });
  const config = change({ ...toyConfig(planned), validationEvery: 4 });
  const runId = await runIdOf(config);
  return signers.map((signer, index) => {
    let transport: Transport | undefined;
    const platform = {
      gpu: gpuOf(index),
      clock: realClock,
      signer,
      // Linked only once the volunteer runs: what was sent to it before would let it replay from the first round.
      get transport() {
        return (transport ??= network.create(signer.id));
      },
      fetchCorpus: (name: string) => {
        const bytes = corpus.files.get(name);
        return bytes === undefined ? Promise.reject(new Error(`no ${name}`)) : Promise.resolve(bytes);
      },
      ...(fetchStart && { fetchStart: fetchStart(index) }),
      localSeed: index,
      tuning,
    };
    const waiting = new Set<() => void>();
    const volunteer = new Volunteer(platform, config, runId, () => {
      for (const look of waiting) look();
    });
    const until = (test: (status: VolunteerStatus) => boolean): Promise<VolunteerStatus> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const { status } = volunteer;
          if (status.state === 'failed' && !test(status))
            reject(new Error(`${status.reason} ${status.fix ?? ''}`));
          if (!test(status)) return;
          waiting.delete(look);
          resolve(status);
        };
        waiting.add(look);
        look();
      });
    return { volunteer, until, corpus };
  });
}
