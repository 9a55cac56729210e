import { afterEach, expect, test } from 'vitest';
import { openTestGpu } from '../testing/gpu.ts';
import { GpuSwarm, type GpuSwarmOptions, type LoopVolunteer } from '../testing/gpu-swarm.ts';
import { StarlingError } from '../base/errors.ts';
import { createSigningLog, memorySigningLog } from '../swarm/signing-log.ts';
import { warmUpRounds } from './catching-up.ts';

const gpu = await openTestGpu();
const worlds: GpuSwarm[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});

async function swarmOf(options: GpuSwarmOptions): Promise<GpuSwarm> {
  const world = await GpuSwarm.open(gpu, options);
  worlds.push(world);
  for (let n = 0; n < options.minMembers; n++) await world.join();
  return world;
}

const reach = (volunteers: readonly LoopVolunteer[], round: number) =>
  Promise.all(volunteers.map((one) => one.until(`round ${round}`, (status) => status.round >= round)));

/** Rounds from `from` on after which two of them hold different states. */
function differences(volunteers: readonly LoopVolunteer[], from = 0): number[] {
  const [first, ...others] = volunteers;
  return [...(first?.states ?? [])].flatMap(([round, state]) =>
    round >= from && others.some(({ states }) => states.has(round) && states.get(round) !== state)
      ? [round]
      : [],
  );
}

test.each([2, 3])(
  'of %i volunteers one whose words are flipped notices within a round, repairs itself and says so',
  async (count) => {
    const world = await swarmOf({ seed: 20 + count, minMembers: count });
    const [victim] = world.volunteers;
    await reach(world.volunteers, 11);
    await victim.flip([0, 70, 5_000, 5_001]);
    const flippedAt = victim.status.round;
    const repaired = await victim.until('repaired', ({ repairs }) => repairs === 1);
    expect(repaired.round).toBeLessThanOrEqual(flippedAt + 3);
    const said = repaired.events.find(({ kind }) => kind === 'repaired')?.text;
    expect(said).toMatch(
      /^This replica differed in \d+ words of \d+ tensors? after round \d+; it was put right by replaying \d+ rounds?\.$/,
    );
    const later = repaired.round + 12;
    const statuses = await reach(world.volunteers, later);
    expect(differences(world.volunteers, repaired.round + 1)).toEqual([]);
    expect(statuses.map(({ repairs }) => repairs)).toEqual([1, ...Array<number>(count - 1).fill(0)]);
    await victim.until('final again', ({ finalRound }) => finalRound > repaired.round);
    expect(victim.status.replicasAgree).toBe(true);
  },
);

test('a replica that has to be repaired again and again ends with a word about its GPU', async () => {
  const world = await swarmOf({ seed: 31, minMembers: 3 });
  const [victim, ...others] = world.volunteers;
  await reach(world.volunteers, 2);
  for (let time = 1; time <= 3; time++) {
    await victim.flip([time]);
    await victim.until(`repair ${time}`, ({ repairs }) => repairs === time || victim.ended !== undefined);
  }
  expect(victim.endedCode).toBe('gpu-computes-wrongly');
  victim.swarm.close();
  const { round } = others[0].status;
  await reach(others, round + 3);
  expect(differences(others)).toEqual([]);
});

test('a latecomer enters by a snapshot, trains silently for some rounds, then is counted', async () => {
  const world = await swarmOf({ seed: 41, minMembers: 2 });
  await reach(world.volunteers, 27);
  const late = await world.join();
  const stages = new Set<string>();
  const counted = await late.until('counted', ({ receipts, catchUp }) => {
    if (catchUp !== undefined) stages.add(catchUp.stage);
    return receipts.some((receipt) => receipt.counted);
  });
  expect(stages).toContain('warm-up');
  const [first] = counted.records;
  expect(first.round).toBeGreaterThan(8);
  // A round for each of the warm-up, and one for the record that lists the join.
  expect(counted.receipts[0].round).toBeGreaterThanOrEqual(first.round + warmUpRounds);
  expect(late.compressed[0]).toBe(counted.receipts[0].round);
  expect(counted.joinCatchUpMs).toBeGreaterThan(0);
  expect(world.volunteers[0].status.joinCatchUpMs).toBe(undefined);
  const final = await late.until('final', ({ receipts }) =>
    receipts.some(({ standing }) => standing === 'final'),
  );
  const receipt = final.receipts.find(({ standing }) => standing === 'final');
  expect(receipt).toMatchObject({ counted: true, of: expect.toSatisfy((of: number) => of >= 2) as number });
  expect(differences(world.volunteers)).toEqual([]);
});

test('a latecomer whose members all go while it warms up trains on', async () => {
  const world = await swarmOf({ seed: 42, minMembers: 1 });
  const [first] = world.volunteers;
  await reach([first], 27);
  const late = await world.join();
  await late.until('warm-up', ({ catchUp }) => catchUp?.stage === 'warm-up');
  first.swarm.close();
  const status = await late.until('training', ({ roundsTrained }) => roundsTrained >= 2);
  expect(status.catchUp).toBe(undefined);
});

test('what leaves the momentum for a round that is taken back is given back once', async () => {
  const world = await swarmOf({ seed: 51, minMembers: 3, roundDeadlineMs: 700 });
  const [lone, ...others] = world.volunteers;
  await reach(world.volunteers, 10);
  world.part([lone], others, 'cut');
  const cutAt = lone.status.round;
  // Alone it goes on provisionally, and the majority goes on for good.
  await lone.until('alone', ({ roundsTrained, round }) => round >= cutAt + 3 && roundsTrained > 0);
  await Promise.all(others.map((one) => one.until('on', ({ finalRound }) => finalRound >= cutAt + 4)));
  world.part([lone], others, 'mend');
  const healed = others[0].status.round + 10;
  await reach(world.volunteers, healed);
  expect(differences(world.volunteers)).toEqual([]);
  const { lostContributions, receipts, events } = lone.status;
  expect(events.map(({ kind }) => kind)).toContain('rolled-back');
  expect(events.map(({ kind }) => kind)).not.toContain('snapshot');
  expect(lostContributions).toBeGreaterThan(0);
  const lost = receipts.filter(({ standing }) => standing === 'lost');
  expect(lost.map(({ counted }) => counted)).not.toContain(true);
  expect(new Set(lone.givenBack).size).toBe(lone.givenBack.length);
  expect(new Set(lone.compressed).size).toBe(lone.compressed.length);
  await lone.until('counted again', (status) =>
    status.receipts.some(({ round, standing }) => round > cutAt + 3 && standing === 'final'),
  );
});

test('a round that its key signed in an earlier life is trained silently, never compressed again', async () => {
  const world = await swarmOf({ seed: 61, minMembers: 1, roundDeadlineMs: 500 });
  const [first] = world.volunteers;
  await reach([first], 3);
  const log = memorySigningLog();
  const signed = first.status.round + 6;
  await log.claim('contribution', signed);
  const again = await world.join(log);
  await again.until('counted', ({ receipts }) => receipts.some(({ counted }) => counted));
  expect(Math.min(...again.compressed)).toBeGreaterThan(signed);
  expect(differences(world.volunteers)).toEqual([]);
});

test('where signatures cannot be stored the volunteer ends, and says what to do', async () => {
  const world = await GpuSwarm.open(gpu, { seed: 62, minMembers: 1 });
  worlds.push(world);
  const disk = new StarlingError('signing-log-failed', 'The disk is full.', 'Make room.');
  const nothing = { contribution: -1, confirm: -1, record: -1, lock: -1 };
  const log = createSigningLog(nothing, ({ contribution }) =>
    contribution < 2 ? Promise.resolve() : Promise.reject(disk),
  );
  const alone = await world.join(log);
  await alone.until('ended', () => alone.ended !== undefined);
  expect(alone.endedCode).toBe('signing-log-failed');
});
