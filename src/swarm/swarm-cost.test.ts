import { expect, test } from 'vitest';
import { utf8 } from '../base/bytes.ts';
import { realClock } from '../base/clock.ts';
import { digestOf } from '../base/digest.ts';
import type { Digest, RunId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { SwarmWorld } from '../testing/swarm-world.ts';
import { createIdentity } from './identity.ts';
import { MemoryNetwork } from './memory-transport.ts';
import { decodeMessage } from './protocol-codec.ts';
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

/** Bytes a member sends a round besides its contributions, over all its links, and which kinds of message they are. */
async function agreementCost(count: number, seed: number, rounds: number) {
  const world = new SwarmWorld({ seed, minMembers: count, delayMs: [1, 5], roundDeadlineMs: 10_000 });
  for (let i = 0; i < count; i++) world.join();
  await world.reaches(5);
  const byKind = new Map<string, number>();
  let counting = true;
  for (const { transport } of world.volunteers) {
    const send = transport.send.bind(transport);
    transport.send = (peer, bytes) => {
      const decoded = decodeMessage(bytes);
      const kind = decoded.ok ? decoded.value.message.kind : 'malformed';
      if (counting) byKind.set(kind, (byKind.get(kind) ?? 0) + bytes.length);
      return send(peer, bytes);
    };
  }
  const sent = async (): Promise<number> => {
    const all = await Promise.all(world.volunteers.map(({ transport }) => transport.stats()));
    return all.reduce((sum, { bytesUp }) => sum + bytesUp, 0);
  };
  const [before, from] = [await sent(), world.volunteers[0]?.round ?? 0];
  await world.reaches(from + rounds);
  counting = false;
  const total = (await sent()) - before;
  const done = (world.volunteers[0]?.round ?? 0) - from;
  const finalRounds = world.volunteers[0]?.swarm.view().finalRound ?? -1;
  world.close();
  const perMember = (bytes: number): number => bytes / count / done;
  const kinds = [...byKind].map(([kind, bytes]): [string, number] => [kind, Math.round(perMember(bytes))]);
  return {
    bytes: perMember(total - (byKind.get('contribution') ?? 0)),
    counted: perMember([...byKind.values()].reduce((sum, bytes) => sum + bytes, 0)),
    total: perMember(total),
    kinds: Object.fromEntries(kinds.sort(([, a], [, b]) => b - a)),
    lag: from + done - finalRounds,
  };
}

// Few members vote in every round, each certificate quoting all of them; many share the cost of a rarer one.
test.each([
  [3, 500],
  [16, 400],
])(
  'at %i members agreement costs a member less than %i bytes a round besides contributions, all links together',
  async (count, bound) => {
    const { bytes, counted, total, kinds, lag } = await agreementCost(count, 102, 60);
    console.log(
      `agreement at ${count} members: ${bytes.toFixed(0)} bytes up a member and round ${JSON.stringify(kinds)}, final ${lag} rounds behind`,
    );
    expect(counted).toBeCloseTo(total, 6); // every byte was looked at
    expect(bytes).toBeLessThan(bound);
  },
);

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
        ...{ maxPayloadBytes: 1_000, maxSnapshotBytes: 1_000, payloadProblem: () => undefined, open: true },
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
        await swarm.confirm(round, state, record.digest);
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
    one.swarm.confirm(0, '0'.repeat(32), '0'.repeat(64) as Digest),
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
