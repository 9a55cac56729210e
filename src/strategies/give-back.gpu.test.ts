import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { blockLayout, type ParameterSpec } from '../compression/blocks.ts';
import { DctTopK, type Departed } from '../compression/dct-top-k.ts';
import { decodeUpdate, selectionOfUpdate } from '../compression/sparse-update.ts';
import { dctReference } from '../kernels/dct.reference.ts';
import { slotIndexMask, slotPresent } from '../kernels/top-k.ts';
import { openTestGpu, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { DistroStrategy, journalRounds } from './distro.ts';
import { bareReplica } from './replay.ts';

const gpu = await openTestGpu();
const specs: readonly ParameterSpec[] = [
  { name: 'w', kind: 'matrix', rows: 64, cols: 128, offset: 0 },
  { name: 'g', kind: 'gains', rows: 1, cols: 128, offset: 8192 },
];
const layout = blockLayout(specs);
const multiplier = 0.25;
const hyper = { k: 8, momentumDecay: 0.9, schedule: [[0, 100]] as const, decayPermille: 100, seed: 1 };

function replicaWithGradients() {
  const replica = bareReplica(gpu, specs, new Float32Array(layout.length));
  gpu.write(replica.norm, new Float32Array([7, multiplier]));
  const setGradient = (gradient: Float32Array<ArrayBuffer>): void => {
    for (const { spec, gradient: tensor } of replica.tensors) {
      gpu.write(tensor, gradient.slice(spec.offset, spec.offset + tensor.length));
    }
  };
  return { replica, setGradient };
}

/** All tensors' momentum in one array, [layout.length]. */
async function momentumOf({ momentum }: Pick<DctTopK, 'momentum'>): Promise<Float32Array<ArrayBuffer>> {
  const parts = await Promise.all(momentum.map((tensor) => gpu.readF32(tensor)));
  const whole = new Float32Array(layout.length);
  parts.forEach((part, index) => {
    whole.set(part, specs[index].offset);
  });
  return whole;
}

/** momentumDecay * momentum + DCT(multiplier * gradient) in float64, both [layout.length]. */
function folded(momentum: Float64Array, gradient: Float32Array): Float64Array {
  const next = new Float64Array(layout.length);
  for (const { spec, blocks, size } of layout.parameters) {
    const [start, end] = [spec.offset, spec.offset + blocks * size];
    const scale = { multiplier, momentumDecay: hyper.momentumDecay };
    next.set(dctReference(gradient.subarray(start, end), momentum.subarray(start, end), spec, scale), start);
  }
  return next;
}

/** Where a payload's coefficients stand in the momentum of all tensors. */
function positionsOf({ payload }: Departed): number[] {
  const update = decodeUpdate(layout, hyper.k, payload);
  if (!update.ok) throw new Error(update.reason);
  const selection = selectionOfUpdate(layout, hyper.k, update.value);
  const positions: number[] = [];
  for (const { spec, blocks, size, firstBlock } of layout.parameters) {
    for (let block = 0; block < blocks; block++) {
      for (const slot of selection.subarray(
        (firstBlock + block) * hyper.k,
        (firstBlock + block + 1) * hyper.k,
      )) {
        if ((slot & slotPresent) !== 0) positions.push(spec.offset + block * size + (slot & slotIndexMask));
      }
    }
  }
  return positions;
}

describe('what left the momentum and was put back', () => {
  test('at once leaves the same words as folding without sending (seed 1)', async () => {
    const random = new SeededRandom(1);
    const [one, two] = [replicaWithGradients(), replicaWithGradients()];
    const [sends, folds] = [one, two].map(({ replica }) => new DctTopK(replica, layout, hyper));
    for (let round = 0; round < 3; round++) {
      const gradient = randomNormal(random, layout.length, 0.01);
      one.setGradient(gradient);
      two.setGradient(gradient);
      const { departed } = await sends.compress();
      expect(positionsOf(departed)).toHaveLength(layout.blocks * hyper.k);
      expect(await momentumOf(sends)).not.toEqual(await momentumOf(folds));
      sends.putBack(departed);
      folds.accumulate();
      expect(await momentumOf(sends)).toEqual(await momentumOf(folds));
    }
    for (const closing of [sends, folds, one.replica, two.replica]) closing.close();
  });

  test.each([1, 3, 20])(
    'after %i silent rounds is what folding alone gives, within 1e-6 of it and 1e-5 of float64 (seed 2)',
    async (age) => {
      const random = new SeededRandom(2);
      const [one, two] = [replicaWithGradients(), replicaWithGradients()];
      const [sends, folds] = [one, two].map(({ replica }) => new DctTopK(replica, layout, hyper));
      let departed: Departed | undefined;
      let exact = new Float64Array(layout.length);
      for (let round = 0; round <= age; round++) {
        const gradient = randomNormal(random, layout.length, 0.01);
        one.setGradient(gradient);
        two.setGradient(gradient);
        exact = folded(exact, gradient) as Float64Array<ArrayBuffer>;
        folds.accumulate();
        if (departed === undefined) ({ departed } = await sends.compress());
        else sends.accumulate();
      }
      if (departed === undefined) throw new Error('nothing left');
      const without = await momentumOf(sends);
      expect(relativeL2(without, exact)).toBeGreaterThan(0.001);
      sends.putBack(departed);
      const whole = await momentumOf(sends);
      expect(relativeL2(whole, await momentumOf(folds))).toBeLessThan(1e-6);
      expect(relativeL2(whole, exact)).toBeLessThan(1e-5);
      // The places themselves, which are few among many: had they come back undecayed, they would be far off.
      const at = positionsOf(departed);
      const place = (values: ArrayLike<number>): number[] => at.map((position) => values[position]);
      expect(relativeL2(place(whole), place(exact))).toBeLessThan(1e-5);
      expect(relativeL2(place(without), place(exact))).toBeGreaterThan(0.05);
      for (const closing of [sends, folds, one.replica, two.replica]) closing.close();
    },
  );

  test.each([3, 4, 5])(
    'in any order, other payloads leaving in between, is what float64 says within 1e-5 (seed %i)',
    async (seed) => {
      const random = new SeededRandom(seed);
      const { replica, setGradient } = replicaWithGradients();
      const compressor = new DctTopK(replica, layout, hyper);
      let exact = new Float64Array(layout.length);
      let fold = 0;
      let returned = 0;
      const away: { departed: Departed; fold: number; values: Map<number, number> }[] = [];
      for (let step = 0; step < 40; step++) {
        const action = random.below(4);
        if (action === 0 && away.length > 0) {
          const [left] = away.splice(random.below(away.length), 1);
          compressor.putBack(left.departed);
          for (const [at, value] of left.values)
            exact[at] += value * hyper.momentumDecay ** (fold - left.fold);
          returned++;
          continue;
        }
        const gradient = randomNormal(random, layout.length, 0.01);
        setGradient(gradient);
        exact = folded(exact, gradient) as Float64Array<ArrayBuffer>;
        fold++;
        if (action === 1) {
          compressor.accumulate();
          continue;
        }
        const { departed } = await compressor.compress();
        const values = new Map(positionsOf(departed).map((at) => [at, exact[at]]));
        for (const at of values.keys()) exact[at] = 0;
        away.push({ departed, fold, values });
      }
      expect(returned).toBeGreaterThan(3);
      expect(relativeL2(await momentumOf(compressor), exact)).toBeLessThan(1e-5);
      compressor.close();
      replica.close();
    },
  );
});

describe('a strategy', () => {
  test('gives a contribution back once, and not at all when it is forgotten or was never compressed (seed 6)', async () => {
    const random = new SeededRandom(6);
    const { replica, setGradient } = replicaWithGradients();
    const strategy = new DistroStrategy(replica, hyper);
    setGradient(randomNormal(random, layout.length));
    const payload = await strategy.compress(1);
    expect(strategy.departures).toEqual({ open: 1, dropped: 0 });
    const sent = await momentumOf(strategy);
    expect(strategy.giveBack(2)).toBe(false);
    expect(await momentumOf(strategy)).toEqual(sent);
    expect(strategy.giveBack(1)).toBe(true);
    const whole = await momentumOf(strategy);
    expect(whole).not.toEqual(sent);
    expect([strategy.giveBack(1), strategy.giveBack(1), strategy.forget(1)]).toEqual([false, false, false]);
    expect(await momentumOf(strategy)).toEqual(whole);

    // No gradient: the same coefficients are the largest again.
    setGradient(new Float32Array(layout.length));
    expect(await strategy.compress(2)).toEqual(payload);
    expect(strategy.forget(2)).toBe(true);
    const after = await momentumOf(strategy);
    expect([strategy.forget(2), strategy.giveBack(2)]).toEqual([false, false]);
    expect(await momentumOf(strategy)).toEqual(after);
    expect(strategy.departures).toEqual({ open: 0, dropped: 0 });
    strategy.close();
    replica.close();
  });

  test('does not compress a round that it still remembers, and loses nothing by being asked (seed 7)', async () => {
    const { replica, setGradient } = replicaWithGradients();
    const strategy = new DistroStrategy(replica, hyper);
    setGradient(randomNormal(new SeededRandom(7), layout.length));
    await strategy.compress(5);
    const before = await momentumOf(strategy);
    await expect(strategy.compress(5)).rejects.toThrow(/round 5 is compressed once/);
    expect(await momentumOf(strategy)).toEqual(before);
    strategy.close();
    replica.close();
  });

  test(`counts the contributions that waited longer than ${journalRounds} others, and cannot give them back`, async () => {
    const { replica } = replicaWithGradients();
    const strategy = new DistroStrategy(replica, hyper);
    for (let round = 1; round <= journalRounds + 2; round++) await strategy.compress(round);
    expect(strategy.departures).toEqual({ open: journalRounds, dropped: 2 });
    expect([2, 3].map((round) => strategy.giveBack(round))).toEqual([false, true]);
    strategy.close();
    replica.close();
  });

  test('gives all its memory back when closed', () => {
    const { replica } = replicaWithGradients();
    const before = gpu.bytesAllocated;
    new DistroStrategy(replica, hyper).close();
    expect(gpu.bytesAllocated).toBe(before);
    replica.close();
  });
});
