import { afterEach, describe, expect, test } from 'vitest';
import { concatBytes, type Bytes } from '../base/bytes.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { fakeSigner } from '../testing/fake-crypto.ts';
import { fuzzRounds } from '../testing/long.ts';
import { SwarmWorld, type TestVolunteer, type WorldOptions } from '../testing/swarm-world.ts';
import { encodeUnsigned } from './protocol-codec.ts';
import { signedBytes, type SignedMessage } from './protocol.ts';

let world: SwarmWorld;
afterEach(() => {
  world.close();
});
const open = (options: WorldOptions): SwarmWorld => (world = new SwarmWorld(options));
const deadlineMs = 4_000;
const stranger = 90;

/** The first `count` volunteers in step at round 12 with volunteer `member` as the only one that trains. */
async function onlyTrains(member: number, count: number, seed: number): Promise<TestVolunteer[]> {
  open({ seed, minMembers: count, roundDeadlineMs: deadlineMs });
  const all = Array.from({ length: count }, () => world.join());
  await world.reaches(4);
  for (const [n, one] of all.entries()) if (n !== member) one.swarm.setMembership(false);
  const sole = all[member];
  await world.until('one trains alone', () =>
    all.every((one) => one.swarm.view().members.join() === sole?.id),
  );
  await world.reaches(12);
  return all;
}
const genesisOf = (one: TestVolunteer): Digest => {
  const digest = one.records.get(1)?.parent;
  if (digest === undefined) throw new Error('round 1 is not here');
  return digest;
};
const takeovers = (one: TestVolunteer): string[] =>
  one.events.map(({ text }) => text).filter((text) => text.includes('taken over'));
const trains = (one: TestVolunteer, rounds = 3): Promise<void> => {
  const counted = () =>
    [...one.records.values()].filter(({ contributions }) =>
      contributions.some(({ author }) => author === one.id),
    ).length;
  const before = counted();
  return world.until(`${one.name} trains`, () => counted() >= before + rounds);
};

describe('when everyone who trained has gone', () => {
  test.each([1, 2, 3])('a paused volunteer resumes after the last member left (seed %i)', async (seed) => {
    const [a, b] = await onlyTrains(1, 2, seed);
    if (a === undefined || b === undefined) throw new Error('nobody joined');
    b.swarm.close();
    await world.pass(2_000);
    const at = a.round;
    expect(a.swarm.view().waitingFor).toContain('as soon as somebody trains again');
    a.swarm.setMembership(true);
    await world.pass(20);
    expect(a.swarm.view().waitingFor).toBe('Everyone who trained has gone; taking over in a moment.');
    await world.until('it is a member', () => a.swarm.view().isMember, 1_000);
    await trains(a);
    expect(takeovers(a).length).toBe(1);
    expect(a.entries).toEqual(['genesis']);
    expect(a.records.get(at + 1)).toMatchObject({ contributions: [], joins: [a.id], leaves: [b.id] });
    expect(world.disagreements()).toEqual([]);
  });

  test('a follower that waits already takes over at once when the last member says goodbye', async () => {
    open({ seed: 4, roundDeadlineMs: deadlineMs });
    const [b, a] = [world.join([10_000, 10_000]), world.join()];
    await world.until('it follows', () => a.round === b.round && a.swarm.view().members.length === 1);
    const at = a.round;
    b.swarm.close();
    await world.until('it is a member', () => a.swarm.view().isMember, 1_000);
    expect(a.records.size).toBeGreaterThan(at);
    await trains(a);
  });

  test.each([5, 6])(
    'a paused volunteer resumes after the last member vanished, one deadline later (seed %i)',
    async (seed) => {
      const [a, b] = await onlyTrains(1, 2, seed);
      if (a === undefined || b === undefined) throw new Error('nobody joined');
      world.network.vanish(b.id);
      b.freeze();
      a.swarm.setMembership(true);
      await world.pass(deadlineMs - 100);
      expect(a.swarm.view().isMember).toBe(false);
      await world.until('it is a member', () => a.swarm.view().isMember, 1_000);
      await trains(a);
      expect(takeovers(a).length).toBe(1);
      expect(world.disagreements()).toEqual([]);
    },
  );

  test('a volunteer that joins then takes the model from a paused one and trains, which may resume', async () => {
    const [a, b] = await onlyTrains(1, 2, 7);
    if (a === undefined || b === undefined) throw new Error('nobody joined');
    b.swarm.close();
    await world.pass(2_000);
    const at = a.round;
    const c = world.join();
    await world.until('it is a member', () => c.swarm.view().isMember, deadlineMs + 2_000);
    expect(c.entries).toEqual(['snapshot']);
    await trains(c);
    await world.until('the paused one follows', () => a.round > at + 3);
    expect(a.swarm.view().isMember).toBe(false);
    a.swarm.setMembership(true);
    await trains(a);
    expect(takeovers(a).length + takeovers(c).length).toBe(2);
    expect(a.entries).toEqual(['genesis']);
    expect(world.disagreements()).toEqual([]);
  });

  test.each([11, 12, 13, 14, 15, 16])(
    'two followers that want it at once make one chain (seed %i)',
    async (seed) => {
      const [a, b, c] = await onlyTrains(1, 3, seed);
      if (a === undefined || b === undefined || c === undefined) throw new Error('nobody joined');
      const at = a.round;
      if (seed % 2 === 0) b.swarm.close();
      else world.network.vanish(b.id);
      b.freeze();
      a.swarm.setMembership(true);
      await world.pass(seed % 3 === 0 ? 0 : 5 * world.random.below(200));
      c.swarm.setMembership(true);
      await Promise.all([trains(a, 5), trains(c, 5)]);
      const [one, other] = [a.records.get(at + 1), c.records.get(at + 1)];
      expect(one?.digest).toBe(other?.digest);
      expect(world.disagreements([a, c])).toEqual([]);
      expect([a.entries, c.entries]).toEqual([['genesis'], ['genesis']]);
      expect(a.swarm.view().members).toEqual([a.id, c.id].sort());
      expect(takeovers(a)).toHaveLength(1);
    },
  );

  test('the next follower takes over when the first in turn is linked but does nothing', async () => {
    for (let seed = 21; seed < 21 + fuzzRounds(4); seed++) {
      const [a, b, c] = await onlyTrains(1, 3, seed);
      if (a === undefined || b === undefined || c === undefined) throw new Error('nobody joined');
      c.freeze(); // it wants to, and its network says so, but its replica does not get to the head
      await world.until('it lags', () => a.round > c.round + 1);
      b.swarm.close();
      a.swarm.setMembership(true);
      c.swarm.setMembership(true);
      await world.until('one takes over', () => a.swarm.view().isMember, 3_000);
      c.thaw();
      await trains(c);
      expect(world.disagreements([a, c]), `seed ${seed}`).toEqual([]);
      world.close();
    }
  });

  test('a member that was only out of sight comes back to one chain', async () => {
    for (let seed = 31; seed < 31 + fuzzRounds(4); seed++) {
      const [a, b] = await onlyTrains(1, 2, seed);
      if (a === undefined || b === undefined) throw new Error('nobody joined');
      world.network.cut(a.id, b.id);
      a.swarm.setMembership(true);
      await trains(a, seed % 2 === 0 ? 3 : 40);
      world.network.mend(a.id, b.id);
      await world.until(
        'both train',
        () => world.live.every((one) => one.swarm.view().members.length === 2),
        30_000,
      );
      const from = Math.max(a.round, b.round) + 1;
      await world.reaches(from + 5);
      expect(
        world.disagreements().filter((round) => round >= from),
        `seed ${seed}`,
      ).toEqual([]);
      world.close();
    }
  });

  test('a latecomer replays a takeover although the member it replaced is back', async () => {
    open({ seed: 41, minMembers: 2, roundDeadlineMs: deadlineMs });
    const [a, b] = [world.join([400, 500]), world.join([400, 500])];
    await world.reaches(1);
    a.swarm.setMembership(false);
    await world.until('b trains alone', () => a.swarm.view().members.join() === b.id);
    world.network.cut(a.id, b.id);
    b.freeze();
    a.swarm.setMembership(true);
    await world.until('a took over', () => takeovers(a).length === 1);
    b.thaw();
    world.network.mend(a.id, b.id);
    await world.until('both train', () => world.live.every((one) => one.swarm.view().members.length === 2));
    const taken = [...a.records.values()].find(({ leaves }) => leaves.includes(b.id))?.round ?? -1;
    const c = world.join();
    await world.until('it trains too', () => c.swarm.view().isMember, 10_000);
    await trains(c);
    expect(world.disagreements([a, c])).toEqual([]);
    expect(c.entries).toEqual(['genesis']);
    expect(c.records.get(taken)?.digest).toBe(a.records.get(taken)?.digest);
  });
});

describe('while a member is there', () => {
  test('a stranger that wants to be a member cannot take over, whatever it signs', async () => {
    const [a, b] = await onlyTrains(1, 2, 51);
    if (a === undefined || b === undefined) throw new Error('nobody joined');
    const { transport } = world.stranger(stranger);
    const me = fakeSigner(stranger);
    const heard: PeerId[] = [];
    transport.listen((event) => {
      if (event.kind !== 'peer-up') return;
      heard.push(event.peer);
      transport.send(
        event.peer,
        encodeUnsigned({
          ...{ kind: 'hello', publicKey: me.publicKey, wantsMembership: true },
          stand: {
            ...{ head: a.round, tip: a.records.get(a.round)?.digest ?? genesisOf(a), oldest: a.round - 5 },
            ...{ final: a.round - 3, epoch: 0 },
          },
        }),
      );
    });
    await world.until('it is linked', () => heard.length === 2);
    const signed = async (message: SignedMessage): Promise<Bytes> => {
      const unsigned = encodeUnsigned(message);
      return concatBytes(unsigned, await me.sign(signedBytes(world.rules.runId, unsigned)));
    };
    for (let n = 0; n < 20; n++) {
      const head = a.records.get(a.round);
      const bytes = await signed({
        ...{ kind: 'record', round: a.round + 1, parent: head?.digest ?? genesisOf(a) },
        ...{ leader: me.id, parentState: a.state, authors: [], bodies: undefined },
        ...{ joinKeys: [me.publicKey], goodbyes: [], absent: [b.id] },
        ...{ certificate: undefined, snapshot: undefined, epochChange: false },
      });
      for (const one of [a, b]) transport.send(one.id, bytes);
      await world.pass(37);
    }
    const from = a.round;
    await world.reaches(from + 5);
    expect(world.disagreements()).toEqual([]);
    for (const one of [a, b]) {
      expect(takeovers(one)).toEqual([]);
      expect(one.entries).toEqual(['genesis']);
      expect(one.swarm.view().members).toEqual([b.id]);
    }
    expect(b.swarm.view().rejections['record-takes-over']).toBeGreaterThan(0);
  });

  test('a last member that pauses and resumes is not taken for gone', async () => {
    const [a, b] = await onlyTrains(1, 2, 52);
    if (a === undefined || b === undefined) throw new Error('nobody joined');
    b.swarm.setMembership(false);
    await world.pass(50);
    b.swarm.setMembership(true);
    await world.reaches(b.round + 3);
    const at = b.round;
    b.freeze(); // a long round
    a.swarm.setMembership(true);
    await world.pass(3_000);
    expect(takeovers(a)).toEqual([]);
    b.thaw();
    await trains(a);
    const leaves = [...a.records.values()].filter(({ round }) => round > at).flatMap((one) => one.leaves);
    expect(leaves).toEqual([]);
    expect(world.disagreements()).toEqual([]);
  });
});
