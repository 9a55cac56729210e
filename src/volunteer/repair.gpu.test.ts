import { afterEach, describe, expect, test } from 'vitest';
import { concatBytes, equalBytes } from '../base/bytes.ts';
import { SeededRandom } from '../base/random.ts';
import type { ModelConfig } from '../model/config.ts';
import { parameterLayout } from '../model/parameters.ts';
import { Replica } from '../model/replica.ts';
import { DistroStrategy, type DistroHyperparameters } from '../strategies/distro.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { differenceOf, repairReplica, replayRounds, type ReplayableRound } from './repair.ts';

const gpu = await openTestGpu();
const config: ModelConfig = { vocabulary: 64, width: 64, blocks: 1, heads: 2, hidden: 64, context: 8 };
const shape = { seed: 1, batch: 2, sequence: 8 };
const hyper: DistroHyperparameters = {
  k: 8,
  momentumDecay: 0.9,
  schedule: [[0, 8000]],
  decayPermille: 100,
  seed: 1,
};
const layout = parameterLayout(config);

/** Two volunteers that train together, each with its own text; what they agreed on is in `rounds`. */
class Pair {
  readonly #random: SeededRandom;
  readonly members: readonly { replica: Replica; strategy: DistroStrategy }[];
  readonly rounds: ReplayableRound[] = [];

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.members = [0, 1].map(() => {
      const replica = Replica.create(gpu, config, shape);
      return { replica, strategy: new DistroStrategy(replica, hyper) };
    });
  }

  async train(rounds: number): Promise<void> {
    for (let n = 0; n < rounds; n++) {
      const round = this.rounds.length + 1;
      const contributions: { payload: Uint8Array<ArrayBuffer>; weight: number }[] = [];
      for (const [index, { replica, strategy }] of this.members.entries()) {
        await this.#learn(replica);
        contributions.push({ payload: await strategy.compress(round), weight: 1 + index });
      }
      this.rounds.push({ round, contributions });
      for (const member of this.members) await apply(member, [this.rounds[round - 1]]);
    }
  }

  /** Gradients of a batch of random text. */
  async #learn(replica: Replica): Promise<void> {
    const draw = (): number => this.#random.below(config.vocabulary);
    const length = shape.batch * shape.sequence;
    replica.beginRound();
    await replica.forwardBackward({
      ids: Uint32Array.from({ length }, draw),
      targets: Uint32Array.from({ length }, draw),
    });
  }

  close(): void {
    for (const { replica, strategy } of this.members) {
      strategy.close();
      replica.close();
    }
  }
}

async function apply(
  { strategy }: { strategy: DistroStrategy },
  rounds: readonly ReplayableRound[],
): Promise<void> {
  for (const { round, contributions } of rounds)
    await strategy.apply(round, strategy.aggregate(contributions));
}

const checkpointOf = async (replica: Replica, round: number) => ({
  round,
  state: await replica.digest(),
  bytes: await replica.snapshot(),
});

/** The words of all momentum, as bytes. */
async function momentumOf({ momentum }: DistroStrategy): Promise<Uint8Array> {
  const parts = await Promise.all(momentum.map((tensor) => gpu.readF32(tensor)));
  return concatBytes(
    ...parts.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
  );
}

let pair: Pair | undefined;
const trained = async (seed: number, rounds: number): Promise<Pair> => {
  pair = new Pair(seed);
  await pair.train(rounds);
  return pair;
};
afterEach(() => {
  pair?.close();
  pair = undefined;
});

describe('a replica whose words were flipped', () => {
  test('shows it in its digest at once, and is repaired to the bit from a checkpoint, its momentum untouched (seed 1)', async () => {
    const swarm = await trained(1, 2);
    const [{ replica, strategy }, other] = swarm.members;
    const checkpoint = await checkpointOf(other.replica, 2);
    await swarm.train(3);
    const right = await other.replica.snapshot();
    const momentum = await momentumOf(strategy);

    // Lattice values, so that even a check of the lattice would not notice; and bits that no apply can make.
    const altered = right.slice();
    const values = new Float32Array(altered.buffer);
    const gains = layout.specs[layout.specs.length - 1];
    values[5] = values[5] === 0 ? 2 ** -22 : -values[5];
    values[gains.offset + 3] += 2 ** -20;
    expect(replica.restore(altered).ok).toBe(true);
    const [, qkv] = replica.tensors;
    const words = new Uint32Array((await gpu.readF32(qkv.values)).buffer);
    words[7] ^= 1;
    words[8] = 0x7fc00000; // NaN
    gpu.write(qkv.values, new Float32Array(words.buffer));

    expect(await replica.digest()).not.toBe(await other.replica.digest());
    const seen: string[] = [];
    const outcome = await repairReplica(replica, hyper, checkpoint, swarm.rounds.slice(2), (done, total) => {
      seen.push(`${done}/${total}`);
    });
    expect(outcome).toEqual({
      kind: 'repaired',
      round: 5,
      state: await other.replica.digest(),
      difference: { words: 4, tensors: ['embedding', 'blocks.0.qkv', 'gains'] },
    });
    expect(seen).toEqual(['1/3', '2/3', '3/3']);
    expect(equalBytes(await replica.snapshot(), right)).toBe(true);
    expect(equalBytes(await momentumOf(strategy), momentum)).toBe(true);

    await swarm.train(1);
    expect(await replica.digest()).toBe(await other.replica.digest());
  });

  test('is repaired after rounds that were applied to the wrong words as well (seed 2)', async () => {
    const swarm = await trained(2, 1);
    const [{ replica }, other] = swarm.members;
    const checkpoint = await checkpointOf(replica, 1);
    const altered = (await replica.snapshot()).slice();
    new Float32Array(altered.buffer)[0] += 2 ** -22;
    expect(replica.restore(altered).ok).toBe(true);
    await swarm.train(2);
    const state = await other.replica.digest();
    expect(await replica.digest()).not.toBe(state);
    const outcome = await repairReplica(replica, hyper, checkpoint, swarm.rounds.slice(1));
    expect(outcome).toMatchObject({ kind: 'repaired', round: 3, state });
    expect(await replica.digest()).toBe(state);
  });
});

describe('a repair', () => {
  test('of a replica that is right says so: whoever differs, it is not this one (seed 3)', async () => {
    const swarm = await trained(3, 2);
    const [{ replica }, other] = swarm.members;
    const checkpoint = await checkpointOf(replica, 2);
    await swarm.train(2);
    other.replica.load(new Float32Array(layout.length)); // the majority, for all this one knows
    const state = await replica.digest();
    const outcome = await repairReplica(replica, hyper, checkpoint, swarm.rounds.slice(2));
    expect(outcome).toEqual({ kind: 'sound', round: 4, state });
    expect(await repairReplica(replica, hyper, await checkpointOf(replica, 4), [])).toEqual(outcome);
  });

  test('refuses a checkpoint that is not the agreed state, and rounds that do not follow it, and changes nothing (seed 4)', async () => {
    const swarm = await trained(4, 1);
    const [{ replica }] = swarm.members;
    const checkpoint = await checkpointOf(replica, 1);
    await swarm.train(3);
    const before = await replica.snapshot();
    const [, second, third, fourth] = swarm.rounds;
    const flipped = checkpoint.bytes.slice();
    new Float32Array(flipped.buffer)[9] += 2 ** -22;
    const garbled = { ...third, contributions: [{ payload: new Uint8Array([255, 255]), weight: 1 }] };
    const heavy = { ...third, contributions: [{ ...third.contributions[0], weight: 5000 }] };
    const all = [second, third, fourth];
    const cases = [
      [{ ...checkpoint, bytes: flipped }, all, 'checkpoint is not the agreed state'],
      [{ ...checkpoint, state: '0'.repeat(32) }, all, 'checkpoint is not the agreed state'],
      [{ ...checkpoint, bytes: new Uint8Array(0) }, all, 'wrong length'],
      [{ ...checkpoint, bytes: flipped.slice().fill(0xff) }, all, 'not finite'],
      [checkpoint, [second, fourth], 'a round is missing'],
      [checkpoint, [third, fourth], 'a round is missing'],
      [checkpoint, [second, garbled, fourth], 'a contribution cannot be applied'],
      [checkpoint, [second, heavy, fourth], 'a contribution cannot be applied'],
    ] as const;
    for (const [from, rounds, reason] of cases) {
      expect(await repairReplica(replica, hyper, from, rounds)).toEqual({ kind: 'failed', reason });
    }
    expect(equalBytes(await replica.snapshot(), before)).toBe(true);
  });

  test('says so where the GPU does not keep what is written to it (seed 5)', async () => {
    const swarm = await trained(5, 2);
    const [{ replica }] = swarm.members;
    const start = Replica.create(gpu, config, shape);
    const checkpoint = await checkpointOf(start, 0);
    start.close();
    const forgetful = {
      layout,
      digest: () => replica.digest(),
      snapshot: () => replica.snapshot(),
      load: (values: Float32Array<ArrayBuffer>) => {
        const kept = values.slice();
        kept[100] += 2 ** -22;
        replica.load(kept);
      },
    };
    forgetful.load(new Float32Array((await replica.snapshot()).buffer));
    expect(await repairReplica(forgetful, hyper, checkpoint, swarm.rounds)).toEqual({
      kind: 'failed',
      reason: 'the GPU does not hold what is written to it',
    });
  });
});

describe('going back', () => {
  test('to a checkpoint and applying the same records again gives the same words, and momentum does not notice (seed 6)', async () => {
    const swarm = await trained(6, 2);
    const [{ replica, strategy }] = swarm.members;
    const checkpoint = await checkpointOf(replica, 2);
    await swarm.train(4);
    const [words, momentum] = [await replica.snapshot(), await momentumOf(strategy)];
    expect(replica.restore(checkpoint.bytes).ok).toBe(true);
    expect(await replica.digest()).toBe(checkpoint.state);
    const after = swarm.rounds.slice(2);
    await apply(swarm.members[0], after);
    expect(equalBytes(await replica.snapshot(), words)).toBe(true);
    expect(equalBytes(await momentumOf(strategy), momentum)).toBe(true);
    const replayed = await replayRounds({ layout, hyper }, checkpoint, after);
    if (!replayed.ok) throw new Error(replayed.reason);
    expect(replayed.value.round).toBe(6);
    expect(equalBytes(new Uint8Array(replayed.value.values.buffer), words)).toBe(true);

    // The other branch: the second of four records counted one contribution less, which its owner takes back.
    const branch = after.map((one, index) =>
      index === 1 ? { ...one, contributions: one.contributions.slice(1) } : one,
    );
    expect(replica.restore(checkpoint.bytes).ok).toBe(true);
    await apply(swarm.members[0], branch);
    const other = await replayRounds({ layout, hyper }, checkpoint, branch);
    expect(other.ok && other.value.state).toBe(await replica.digest());
    expect(equalBytes(await replica.snapshot(), words)).toBe(false);
    expect([strategy.giveBack(4), strategy.giveBack(4)]).toEqual([true, false]);
    expect(equalBytes(await momentumOf(strategy), momentum)).toBe(false);
  });
});

test('words are compared as words: NaN equals itself, and negative zero is not zero', () => {
  const own = new Float32Array(layout.length).fill(NaN);
  expect(differenceOf(layout, own, own.slice())).toEqual({ words: 0, tensors: [] });
  const right = own.slice();
  own[0] = 0;
  right[0] = -0;
  expect(differenceOf(layout, own, right)).toEqual({ words: 1, tensors: ['embedding'] });
});
