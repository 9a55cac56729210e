import { afterEach, expect, test } from 'vitest';
import { Gpu } from '../gpu/gpu.ts';
import { FakeGpu } from '../testing/fake-gpu.ts';
import { GpuSwarm, type GpuSwarmOptions, type LoopVolunteer } from '../testing/gpu-swarm.ts';

const worlds: GpuSwarm[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});

/** Of volunteers on a GPU that computes nothing: all is about when they do what. */
async function swarmOf(options: GpuSwarmOptions): Promise<GpuSwarm> {
  const world = await GpuSwarm.open(await Gpu.open(new FakeGpu().entry), options);
  worlds.push(world);
  for (let n = 0; n < options.minMembers; n++) await world.join();
  return world;
}

const reach = (volunteers: readonly LoopVolunteer[], round: number) =>
  Promise.all(volunteers.map((one) => one.until(`round ${round}`, (status) => status.round >= round)));

/** From now on `volunteer` rests until it is told that it is over; resolves once it has begun to. */
const restsForEver = (volunteer: LoopVolunteer): Promise<{ readonly ended: Promise<void> }> =>
  new Promise((begun) => {
    volunteer.rest = (over) => {
      const ended = new Promise<void>((resolve) => {
        if (over.aborted) resolve();
        over.addEventListener('abort', () => {
          resolve();
        });
      });
      begun({ ended });
      return ended;
    };
  });

test('a member that rests does not sleep past the end of a round', async () => {
  const world = await swarmOf({ seed: 61, minMembers: 2, roundDeadlineMs: 300 });
  const [resting, other] = world.volunteers;
  await reach(world.volunteers, 1);
  await restsForEver(resting);
  const [{ round }] = await reach([other], resting.status.round + 2);
  await reach([resting], round);
});

test.each<[string, (volunteer: LoopVolunteer) => void]>([
  [
    'a pause',
    (volunteer) => {
      volunteer.wantsToTrain = false;
      volunteer.loop.membershipChanged();
    },
  ],
  [
    'leaving',
    ({ swarm }) => {
      swarm.close();
    },
  ],
])('%s ends a rest', async (_, stop) => {
  const world = await swarmOf({ seed: 62, minMembers: 1, roundDeadlineMs: 60_000 });
  const [alone] = world.volunteers;
  const { ended } = await restsForEver(alone);
  stop(alone);
  await ended;
  if (alone.wantsToTrain) {
    await alone.until('ended', () => alone.ended !== undefined);
    expect(alone.endedCode).toBe('swarm-closed');
    return;
  }
  // Nobody else would close the round that was given up: it is trained after all.
  const { round } = alone.status;
  alone.rest = () => Promise.resolve();
  alone.wantsToTrain = true;
  alone.loop.membershipChanged();
  await reach([alone], round + 2);
});
