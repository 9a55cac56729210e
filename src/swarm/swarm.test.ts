import { afterEach, describe, expect, test } from 'vitest';
import { StarlingError } from '../base/errors.ts';
import { fakeCrypto, fakeSigner } from '../testing/fake-crypto.ts';
import { fuzzRounds } from '../testing/long.ts';
import { SwarmWorld, type WorldOptions } from '../testing/swarm-world.ts';
import { decodeMessage } from './protocol-codec.ts';
import type { Goodbye } from './protocol.ts';
import { createSigningLog } from './signing-log.ts';
import type { Entry, RoundRecord } from './swarm-api.ts';
import { createSwarm } from './swarm.ts';

let world: SwarmWorld;
afterEach(() => {
  world.close();
});
const open = (options: WorldOptions): SwarmWorld => (world = new SwarmWorld(options));

describe('a swarm under seeded delay', () => {
  test.each([1, 2, 3, 4, 5])('three volunteers agree on 50 rounds (seed %i)', async (seed) => {
    open({ seed, minMembers: 3 });
    for (let i = 0; i < 3; i++) world.join();
    await world.reaches(50);
    expect(world.disagreements()).toEqual([]);
    for (const one of world.volunteers) {
      expect(one.entries).toEqual(['genesis']);
      expect(one.swarm.view().rejections).toEqual({});
      expect(one.swarm.view().replicasAgree).toBe(true);
      for (let round = 1; round <= 50; round++) {
        expect(one.records.get(round)?.contributions.length, `round ${round}`).toBe(3);
      }
    }
    const leaders = new Set([...world.volunteers[0].records.values()].map(({ leader }) => leader));
    expect(leaders.size).toBe(3);
  });
});

describe('a volunteer that comes or goes', () => {
  test('two volunteers wait for each other when the run wants two', async () => {
    open({ seed: 11, minMembers: 2 });
    const first = world.join();
    await world.pass(5_000);
    expect(first.round).toBe(-1);
    expect(first.swarm.view().waitingFor).toBe('Waiting for volunteers: 1 of 2 are here.');
    world.join();
    await world.reaches(5);
    expect(world.disagreements()).toEqual([]);
    expect(first.records.get(1)?.contributions.length).toBe(2);
  });

  test('a lone volunteer trains, however slow, and makes no empty rounds', async () => {
    open({ seed: 12, roundDeadlineMs: 100 });
    const alone = world.join([3_000, 4_000]);
    await world.reaches(3);
    for (let round = 1; round <= 3; round++) expect(alone.records.get(round)?.contributions.length).toBe(1);
    expect(world.clock.now()).toBeGreaterThan(9_000);
  });

  test.each([21, 22, 23])('a volunteer that closes its tab is let go at once (seed %i)', async (seed) => {
    open({ seed, minMembers: 3, roundDeadlineMs: 5_000 });
    const [, second] = [world.join(), world.join(), world.join()];
    await world.reaches(5);
    second.swarm.close();
    await world.until(
      'it left the members',
      () => world.live.every((one) => !one.swarm.view().members.includes(second.id)),
      1_000,
    );
    const at = world.clock.now();
    await world.reaches(20);
    expect(world.clock.now() - at).toBeLessThan(15 * 300); // no round waited for a deadline
    expect(world.disagreements()).toEqual([]);
    expect(world.live.length).toBe(2);
  });

  test.each([31, 32, 33, 34, 35, 36])(
    'any member that vanishes in mid-round costs at most a deadline (seed %i)',
    async (seed) => {
      open({ seed, minMembers: 3, roundDeadlineMs: 2_000 });
      for (let i = 0; i < 3; i++) world.join();
      await world.reaches(4);
      const gone = world.volunteers[seed % 3];
      await world.pass(world.random.below(100));
      if (gone !== undefined) world.network.vanish(gone.id);
      const others = world.volunteers.filter((one) => one !== gone);
      const from = Math.max(...others.map((one) => one.round));
      await world.until('the others go on', () => others.every((one) => one.round >= from + 3), 3_000);
      await world.until('the others go on', () => others.every((one) => one.round >= from + 40));
      expect(world.disagreements(others)).toEqual([]);
      expect(others.every((one) => one.swarm.view().members.length === 2)).toBe(true);
    },
  );

  test('a leader that is linked but silent is followed by the next rank', async () => {
    open({ seed: 41, minMembers: 3, roundDeadlineMs: 1_000 });
    const slow = [world.join(), world.join(), world.join([20, 60])][2];
    await world.reaches(3);
    // Its links stay up and it hears everything, but it never trains or leads again.
    slow?.freeze();
    const others = world.volunteers.filter((one) => one !== slow);
    const from = others[0]?.round ?? 0;
    await world.until('the others go on', () => others.every((one) => one.round >= from + 10), 12_000);
    expect(others.every((one) => one.swarm.view().members.length === 2)).toBe(true);
    expect(world.disagreements()).toEqual([]);
    expect(others[0]?.events.some(({ kind }) => kind === 'leader')).toBe(true);
  });

  test.each([51, 52, 53, 54])(
    'a latecomer takes a snapshot, follows and then trains (seed %i)',
    async (seed) => {
      open({ seed, minMembers: 2, snapshotBytes: 1_300_000 });
      world.join();
      world.join();
      await world.reaches(12);
      const late = world.join();
      await world.until('it is a member', () => late.swarm.view().isMember, 5_000);
      await world.reaches(30);
      expect(late.entries).toEqual(['snapshot']);
      expect(world.disagreements()).toEqual([]);
      const counted = [...late.records.values()].filter((record) =>
        record.contributions.some(({ author }) => author === late.id),
      );
      expect(counted.length).toBeGreaterThan(8);
      expect(late.swarm.view().catchUp).toBeUndefined();
    },
  );

  test('a latecomer to a young run replays it from the start', async () => {
    open({ seed: 55 });
    world.join();
    await world.reaches(3);
    const late = world.join();
    await world.reaches(6);
    expect(late.entries).toEqual(['genesis']);
    expect(late.states.get(1)).toBe(world.volunteers[0]?.states.get(1));
    await world.until('it is a member', () => late.swarm.view().isMember, 5_000);
    expect(world.disagreements()).toEqual([]);
  });

  test('a snapshot that does not match is fetched again from another member', async () => {
    open({ seed: 56, minMembers: 2 });
    world.join();
    world.join();
    await world.reaches(12);
    const late = world.join();
    late.distrustNext = 1;
    await world.until('it is a member', () => late.swarm.view().isMember, 10_000);
    await world.reaches(25);
    expect(late.entries).toEqual(['snapshot', 'snapshot']);
    expect(world.disagreements()).toEqual([]);
  });

  test('a paused volunteer leaves the members, follows, and comes back', async () => {
    open({ seed: 61, minMembers: 2 });
    const [, paused] = [world.join(), world.join()];
    await world.reaches(5);
    paused.swarm.setMembership(false);
    await world.until(
      'it left',
      () => world.live.every((one) => one.swarm.view().members.length === 1),
      1_000,
    );
    const at = paused.round;
    await world.reaches(at + 5);
    expect(paused.records.get(at + 4)?.contributions.length).toBe(1);
    expect(paused.swarm.view().isMember).toBe(false);
    paused.swarm.setMembership(true);
    await world.until(
      'it is back',
      () => world.live.every((one) => one.swarm.view().members.length === 2),
      1_000,
    );
    await world.reaches(at + 15);
    expect(world.disagreements()).toEqual([]);
  });

  test.each([2, 3])(
    'all but one of %i volunteers pause at the same time, whoever leads, and make no fork (seeds from 1)',
    async (count) => {
      for (let seed = 1; seed <= fuzzRounds(20); seed++) {
        open({ seed, minMembers: count });
        const all = Array.from({ length: count }, () => world.join());
        await world.reaches(4);
        const [stays, ...paused] = all;
        for (const one of paused) one.swarm.setMembership(false);
        await world.until(
          'one trains alone',
          () => all.every((one) => one.swarm.view().members.join() === stays?.id),
          5_000,
        );
        await world.reaches(12);
        expect(world.disagreements(), `seed ${seed}`).toEqual([]);
        for (const one of all) expect(one.entries).toEqual(['genesis']);
        world.close();
      }
    },
  );

  test('a volunteer too slow for the deadline is not waited for, catches up, and is counted again', async () => {
    open({ seed: 62, minMembers: 3, roundDeadlineMs: 400 });
    world.join();
    world.join();
    const slow = world.join([300, 900]);
    await world.reaches(40);
    expect(world.disagreements()).toEqual([]);
    const roundsWhere = (condition: (record: RoundRecord) => boolean): number[] =>
      [...slow.records.values()].filter(condition).map(({ round }) => round);
    const left = roundsWhere((record) => record.leaves.includes(slow.id));
    const counted = roundsWhere((record) => record.contributions.some(({ author }) => author === slow.id));
    expect(left.length).toBeGreaterThan(0);
    expect(Math.max(...counted)).toBeGreaterThan(left[0] ?? Infinity);
    expect(slow.entries).toEqual(['genesis']);
  });

  test('a volunteer cut off for long comes back by a snapshot', async () => {
    open({ seed: 63, minMembers: 3, roundDeadlineMs: 500 });
    const [a, b, c] = [world.join(), world.join(), world.join()];
    await world.reaches(5);
    world.network.cut(a.id, c.id);
    world.network.cut(b.id, c.id);
    c.freeze();
    await world.until('the others go on', () => a.round > 60 && b.round > 60);
    c.thaw();
    world.network.mend(a.id, c.id);
    world.network.mend(b.id, c.id);
    await world.until('it is a member again', () => a.swarm.view().members.length === 3, 20_000);
    await world.until('it is where they are', () => c.round >= 80, 20_000);
    expect(c.entries).toContain('snapshot');
  });

  test('a swarm split in two heals to one chain', async () => {
    open({ seed: 64, minMembers: 3, roundDeadlineMs: 500 });
    const [a, b, c] = [world.join(), world.join(), world.join()];
    await world.reaches(5);
    world.network.cut(a.id, c.id);
    world.network.cut(b.id, c.id);
    await world.until('both sides go on', () => world.live.every((one) => one.round > 30));
    expect(world.disagreements().length).toBeGreaterThan(0);
    world.network.mend(a.id, c.id);
    world.network.mend(b.id, c.id);
    await world.until(
      'all are members of one chain',
      () => world.live.every((one) => one.swarm.view().members.length === 3),
      20_000,
    );
    const from = Math.max(a.round, b.round, c.round) + 1;
    await world.reaches(from + 10);
    expect(world.disagreements().filter((round) => round >= from)).toEqual([]);
  });

  test('links that break and come back leave one chain (seeds from 71)', async () => {
    for (let seed = 71; seed < 71 + fuzzRounds(6); seed++) {
      open({ seed, minMembers: 4, linkLoss: 0.005, relinkMs: 200, roundDeadlineMs: 1_000 });
      for (let i = 0; i < 4; i++) world.join();
      await world.reaches(60, 200_000);
      const heads = world.volunteers.map((one) => one.round);
      const from = Math.max(...heads) + 1;
      await world.reaches(from + 2, 60_000);
      expect(world.disagreements(), `seed ${seed}`).toEqual([]);
      world.close();
    }
  });
});

describe('a volunteer that gave its chain up', () => {
  test('goes back to its own newest kept state when nobody gives it a snapshot for 20 s', async () => {
    open({ seed: 76 });
    const alone = world.join();
    await world.reaches(12);
    const own = alone.states.get(8);
    alone.freeze();
    let entered: Entry | undefined;
    void alone.swarm.reenter().then((entry) => (entered = entry));
    await world.pass(19_000);
    expect(entered).toBeUndefined();
    await world.pass(2_000);
    expect(entered).toMatchObject({ kind: 'snapshot', round: 8, state: own });
    expect(alone.events.map(({ text }) => text)).toContainEqual(
      expect.stringContaining('goes on from its own'),
    );
  });
});

describe('a goodbye', () => {
  test('of a volunteer that confirmed in an earlier life says only that it is gone, and no record counts it', async () => {
    open({ seed: 77 });
    const heard: Goodbye[] = [];
    const watcher = world.stranger(90).transport;
    watcher.listen((event) => {
      const decoded = event.kind === 'message' ? decodeMessage(event.bytes) : undefined;
      if (decoded?.ok !== true) return;
      const { message } = decoded.value;
      if (message.kind === 'leave') heard.push({ ...message, signature: new Uint8Array(64) });
      if (message.kind === 'record') heard.push(...message.goodbyes);
    });
    world.join();
    await world.reaches(9);
    const signed = { contribution: 9_000, confirm: 9_000, record: 9_000, lock: 0 };
    const again = createSwarm({
      ...{ signer: fakeSigner(1), clock: world.clock, rules: world.rules, crypto: fakeCrypto },
      ...{ transport: world.network.create(fakeSigner(1).id), signingLog: createSigningLog(signed) },
    });
    const follow = async (): Promise<void> => {
      const entry = await again.enter('0'.repeat(32));
      if (entry.kind !== 'snapshot') throw new Error('the run is under way');
      await again.confirm(entry.round, entry.state, entry.record);
      for (let round = entry.round + 1; ; round++) {
        const { record } = await again.agree(round);
        await again.confirm(round, '1'.repeat(32), record.digest);
      }
    };
    const ended = expect(follow()).rejects.toThrow(StarlingError);
    await world.until('it says goodbye', () => heard.some(({ author }) => author === again.self));
    await world.pass(2_000);
    again.close();
    await ended;
    await world.pass(2_000);
    const own = heard.filter(({ author }) => author === again.self);
    expect(new Set(own.map(({ record }) => record)), JSON.stringify(own)).toEqual(new Set(['0'.repeat(64)]));
  });
});

describe('a replica that differs', () => {
  test('learns it from the record of the next round, and all members see it', async () => {
    open({ seed: 81, minMembers: 3 });
    const [, odd] = [world.join(), world.join(), world.join()];
    await world.reaches(3);
    expect(world.live.every((one) => one.swarm.view().replicasAgree)).toBe(true);
    odd.flipNext = true;
    const flipped = odd.round + 1;
    await world.until('it is told', () => odd.swarm.view().differs !== undefined);
    expect(odd.round).toBeLessThanOrEqual(flipped + 1);
    expect(odd.swarm.view().differs).toEqual({
      round: flipped,
      state: world.volunteers[0]?.states.get(flipped),
    });
    await world.until('all see it', () => world.live.every((one) => !one.swarm.view().replicasAgree));
    for (const one of world.live)
      expect(one.events.some(({ kind }) => kind === 'replicas-differ')).toBe(true);
  });
});
