import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { decodeUpdate } from '../compression/sparse-update.ts';
import { openTestGpu, randomNormal } from '../testing/gpu.ts';
import { dctReference } from '../kernels/dct.reference.ts';
import { topKReference } from '../kernels/top-k.reference.ts';
import { DistroReference } from './distro-reference.ts';
import { DistroStrategy } from './distro.ts';
import { bareReplica, replayRecords } from './replay.ts';
import { replayFixture, shuffled } from './replay-fixture.ts';

const gpu = await openTestGpu();
const wordsOf = (values: Float32Array): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length);
const firstDifference = (a: Uint32Array, b: Uint32Array): number => a.findIndex((word, at) => word !== b[at]);

describe('replicas agree to the bit', () => {
  test('50 records of 1 to 5 contributions: the GPU and the reference hold the same words after each, whatever the order (seed 1)', async () => {
    const replay = replayFixture(1);
    const reference = new DistroReference(replay.specs, replay.initial, replay.hyper);
    const random = new SeededRandom(2);
    const expectedDigests: string[] = [];
    const otherOrder = {
      ...replay,
      records: replay.records.map((record) => ({
        ...record,
        contributions: shuffled(record.contributions, random),
      })),
    };
    const { digests, words } = await replayRecords(gpu, otherOrder, (round, now) => {
      reference.apply(round, replay.records[round - 1].contributions);
      expectedDigests.push(reference.digest());
      const at = firstDifference(now, wordsOf(reference.values));
      if (at >= 0) throw new Error(`record ${round}: word ${at} of the GPU differs from the reference`);
    });
    expect(expectedDigests).toHaveLength(50);
    expect(digests).toEqual(expectedDigests);
    expect(new Set(digests).size).toBe(50);
    expect(words).toEqual(wordsOf(reference.values));
    // The records moved what they should: nearly all matrix words, and the ends of the lattice held.
    const moved = replay.initial.filter((value, at) => value !== reference.values[at]).length;
    expect(moved / replay.initial.length).toBeGreaterThan(0.9);
    expect(Math.max(...reference.values.subarray(0, 1000).map(Math.abs))).toBeLessThan(4);
  });

  test('one contribution left out, or another weight, is another state (seed 3)', async () => {
    const replay = replayFixture(3, 2);
    const [first, second] = replay.records;
    const { digests } = await replayRecords(gpu, replay);
    const without = {
      ...replay,
      records: [{ ...first, contributions: first.contributions.slice(1) }, second],
    };
    const [head, ...rest] = first.contributions;
    const heavier = {
      ...replay,
      records: [{ ...first, contributions: [{ ...head, weight: 5 }, ...rest] }, second],
    };
    expect((await replayRecords(gpu, without)).digests[1]).not.toBe(digests[1]);
    expect((await replayRecords(gpu, heavier)).digests[1]).not.toBe(digests[1]);
  });

  test('a record with no contributions only decays, the same everywhere', async () => {
    const replay = { ...replayFixture(4, 20), records: [{ round: 12, contributions: [] }] };
    const reference = new DistroReference(replay.specs, replay.initial, replay.hyper);
    reference.apply(12, []);
    const { digests, words } = await replayRecords(gpu, replay);
    expect(digests).toEqual([reference.digest()]);
    expect(firstDifference(words, wordsOf(reference.values))).toBe(-1);
    const gains = replay.specs[replay.specs.length - 1].offset;
    expect(firstDifference(words.slice(gains), wordsOf(replay.initial.slice(gains)))).toBe(-1);
  });
});

describe('compress', () => {
  test('sends the k largest coefficients of the scaled gradient and keeps the rest for the next round (seed 6)', async () => {
    const { specs, hyper, initial } = replayFixture(6, 2);
    const random = new SeededRandom(6);
    const replica = bareReplica(gpu, specs, initial);
    const strategy = new DistroStrategy(replica, hyper);
    const gradient = randomNormal(random, initial.length, 0.01);
    gradient.fill(0, 0, 2 * 4096); // the first two blocks of the embedding saw no token
    gpu.write(replica.norm, new Float32Array([7, 0.25]));
    for (const { spec, gradient: tensor } of replica.tensors) {
      gpu.write(tensor, gradient.slice(spec.offset, spec.offset + spec.rows * spec.cols));
    }
    const left = strategy.layout.parameters.map(({ spec }) => new Float32Array(spec.rows * spec.cols));
    for (let round = 1; round <= 2; round++) {
      const payload = await strategy.compress(round);
      expect(strategy.payloadProblem(payload)).toBeUndefined();
      const decoded = decodeUpdate(strategy.layout, hyper.k, payload);
      if (!decoded.ok) throw new Error(decoded.reason);
      let differing = 0;
      strategy.layout.parameters.forEach(({ spec, blocks, size, firstBlock }, index) => {
        const part = gradient.subarray(spec.offset, spec.offset + blocks * size);
        const momentum = dctReference(part, left[index], spec, {
          multiplier: 0.25,
          momentumDecay: hyper.momentumDecay,
        });
        const chosen = topKReference(momentum, size, hyper.k);
        left[index] = chosen.momentum as Float32Array<ArrayBuffer>;
        for (let block = 0; block < blocks; block++) {
          const expected = Array.from(chosen.selection.subarray(block * hyper.k, (block + 1) * hyper.k))
            .filter((slot) => slot !== 0)
            .map((slot) => [slot & 4095, (slot >> 12) & 1])
            .sort((a, b) => a[0] - b[0]);
          const [start, end] = decoded.value.starts.subarray(firstBlock + block, firstBlock + block + 2);
          const sent = Array.from({ length: end - start }, (_, n) => [
            decoded.value.indices[start + n],
            decoded.value.negative[start + n],
          ]);
          if (JSON.stringify(sent) !== JSON.stringify(expected)) differing++;
        }
      });
      // Only a near tie for the last place may fall differently in f32 than in float64.
      expect(differing, `blocks that differ in round ${round}`).toBeLessThanOrEqual(1);
    }
    strategy.close();
    replica.close();
  });

  test('a full nano payload is at most 580 bytes, and no gradient at all is one of zero counts', async () => {
    const { specs, hyper, initial } = replayFixture(7, 1);
    const replica = bareReplica(gpu, specs, initial);
    const strategy = new DistroStrategy(replica, hyper);
    expect(strategy.layout.blocks).toBe(45);
    const empty = await strategy.compress(1);
    expect(Array.from(empty)).toEqual(Array.from({ length: Math.ceil((45 * 4) / 8) }, () => 0));
    const random = new SeededRandom(7);
    for (const { gradient } of replica.tensors) gpu.write(gradient, randomNormal(random, gradient.length));
    const full = await strategy.compress(2);
    expect(full.length).toBe(strategy.maxPayloadBytes);
    expect(full.length).toBeLessThanOrEqual(580);
    strategy.close();
    replica.close();
  });
});
