import { expect, test } from 'vitest';
import { utf8 } from '../base/bytes.ts';
import { realClock } from '../base/clock.ts';
import { digestOf } from '../base/digest.ts';
import type { RunId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { SwarmWorld } from '../testing/swarm-world.ts';
import { createIdentity } from './identity.ts';
import { MemoryNetwork } from './memory-transport.ts';
import { createSwarm } from './swarm.ts';

test('a round costs training and three messages in a row, and no timer', async () => {
  const world = new SwarmWorld({ seed: 101, minMembers: 3, delayMs: [10, 10], roundDeadlineMs: 10_000 });
  for (let i = 0; i < 3; i++) world.join([100, 100]);
  await world.reaches(1);
  const start = world.clock.now();
  await world.reaches(41);
  const perRound = (world.clock.now() - start) / 40;
  // Contribution, have, record: 30 ms, and up to 5 ms by which each step of the test's clock is late.
  expect(perRound).toBeLessThanOrEqual(100 + 3 * 15 + 5);
  world.close();
});

test('agreement costs a member less than 400 bytes a round up, besides contributions, per peer it is linked to', async () => {
  const count = 16;
  const world = new SwarmWorld({ seed: 102, minMembers: count, delayMs: [1, 5], roundDeadlineMs: 10_000 });
  for (let i = 0; i < count; i++) world.join();
  await world.reaches(5);
  const before = await Promise.all(
    world.volunteers.map(async ({ transport }) => (await transport.stats()).bytesUp),
  );
  const from = world.volunteers[0]?.round ?? 0;
  await world.reaches(from + 20);
  const rounds = (world.volunteers[0]?.round ?? 0) - from;
  const after = await Promise.all(
    world.volunteers.map(async ({ transport }) => (await transport.stats()).bytesUp),
  );
  const up =
    after.reduce((sum, bytes, i) => sum + bytes - (before[i] ?? 0), 0) / count / rounds / (count - 1);
  const contribution = 91 + 3;
  expect(up - contribution).toBeLessThan(400);
  world.close();
});

test('three volunteers with real keys and a real clock agree for 20 rounds', async () => {
  const seed = 103;
  const network = new MemoryNetwork({ clock: realClock, random: new SeededRandom(seed), delayMs: [0, 2] });
  const identities = [await createIdentity(), await createIdentity(), await createIdentity()];
  const runId = (await digestOf(utf8('a run'))) as string as RunId;
  const volunteers = identities.map((signer) =>
    createSwarm({
      signer,
      transport: network.create(signer.id),
      clock: realClock,
      rules: {
        ...{ runId, founder: identities[0]?.id ?? signer.id, minMembers: 3, roundDeadlineMs: 30_000 },
        ...{ maxPayloadBytes: 1_000, maxSnapshotBytes: 1_000, payloadProblem: () => undefined },
      },
    }),
  );
  const start = realClock.now();
  const finals = await Promise.all(
    volunteers.map(async (swarm) => {
      await swarm.enter('0'.repeat(32));
      let state = '';
      for (let round = 1; round <= 20; round++) {
        const payload = new Uint8Array(560);
        await swarm.publish(round, { payload, weight: 4, tokens: 256, loss: 5, validationLoss: undefined });
        const { record, contributions } = await swarm.agree(round);
        expect(contributions.length).toBe(3);
        for (const { messageBytes } of contributions) expect(messageBytes - 560).toBeLessThanOrEqual(100);
        state = (await digestOf(utf8(state + record.digest))).slice(0, 32);
        await swarm.confirm(round, state);
      }
      return state;
    }),
  );
  const perRound = (realClock.now() - start) / 20;
  expect(new Set(finals).size).toBe(1);
  expect(perRound).toBeLessThan(250);
  for (const swarm of volunteers) expect(swarm.view().rejections).toEqual({});
  for (const swarm of volunteers) swarm.close();
  console.log(`agreement with real keys: ${perRound.toFixed(1)} ms a round, three volunteers in one process`);
});

test('a closed swarm rejects what is asked of it and leaves no promise waiting', async () => {
  const world = new SwarmWorld({ seed: 104 });
  const one = world.join([10_000, 10_000]);
  await world.until('it is in the run', () => one.round === 0);
  const waiting = one.swarm.agree(1);
  one.swarm.close();
  for (const promise of [
    waiting,
    one.swarm.agree(1),
    one.swarm.enter('0'.repeat(32)),
    one.swarm.reenter(),
    one.swarm.confirm(0, '0'.repeat(32)),
    one.swarm.publish(1, {
      payload: new Uint8Array([1]),
      weight: 1,
      tokens: 1,
      loss: 1,
      validationLoss: undefined,
    }),
  ]) {
    await expect(promise).rejects.toMatchObject({ code: 'swarm-closed' });
  }
});

test('a contribution that nobody would accept is refused before it is sent', async () => {
  const world = new SwarmWorld({ seed: 105 });
  const one = world.join([10_000, 10_000]);
  await world.until('it is in the run', () => one.round === 0);
  const good = {
    payload: new Uint8Array([1]),
    weight: 1,
    tokens: 1,
    loss: 1,
    validationLoss: undefined,
  } as const;
  for (const bad of [
    { loss: NaN },
    { loss: 1e9 },
    { tokens: -1 },
    { validationLoss: Infinity },
    { payload: new Uint8Array(1) },
  ]) {
    await expect(one.swarm.publish(1, { ...good, ...bad })).rejects.toMatchObject({
      code: 'contribution-invalid',
    });
  }
  world.close();
});
