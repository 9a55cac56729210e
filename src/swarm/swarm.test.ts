import { afterEach, describe, expect, test } from 'vitest';
import { SwarmWorld, type WorldOptions } from '../testing/swarm-world.ts';

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
