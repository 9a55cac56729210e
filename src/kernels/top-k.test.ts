import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { putBack, topK } from './top-k.ts';
import { putBackReference, topKReference } from './top-k.reference.ts';

const gpu = await openTestGpu();
const untouched = 0xdeadbeef;

async function run(values: Float32Array<ArrayBuffer>, blockSize: number, k: number, firstBlock = 0) {
  const blocks = values.length / blockSize;
  const momentum = gpu.tensor([blocks, blockSize], 'f32', 'momentum', values);
  const room = (firstBlock + blocks + 1) * k;
  const selection = gpu.tensor([room], 'u32', 'selection', new Uint32Array(room).fill(untouched));
  const scratch = gpu.tensor([128 * blocks], 'u32', 'scratch', new Uint32Array(128 * blocks).fill(untouched));
  const amplitudes = gpu.tensor([room], 'f32', 'amplitudes', poisoned(room));
  const op = { momentum, scratch, selection, amplitudes, blocks, blockSize, firstBlock, k };
  gpu.submit(topK(gpu, op));
  const [left, chosen] = [await gpu.readF32(momentum), await gpu.readU32(selection)];
  const amounts = await gpu.readF32(amplitudes);
  gpu.submit([putBack(gpu, op)]);
  const whole = await gpu.readF32(momentum);
  gpu.free(momentum, scratch, selection, amplitudes);
  return { left, chosen, amounts, whole };
}

function expectReference(
  got: Awaited<ReturnType<typeof run>>,
  values: Float32Array,
  blockSize: number,
  k: number,
  firstBlock = 0,
): void {
  const expected = topKReference(values, blockSize, k);
  const outside = new Uint32Array(firstBlock * k).fill(untouched);
  const after = new Uint32Array(k).fill(untouched);
  expect(Array.from(got.chosen)).toEqual([...outside, ...expected.selection, ...after]);
  expect(got.left).toEqual(expected.momentum);
  const around = poisoned((firstBlock + 1) * k);
  expect(Array.from(got.amounts)).toEqual([
    ...around.subarray(0, firstBlock * k),
    ...expected.amplitudes,
    ...around.subarray(0, k),
  ]);
  // Each slot was emptied, so putting back is an addition to 0: the finite words of before.
  expect(got.whole).toEqual(values.map((value) => (Number.isFinite(value) ? value : 0)));
}

describe('top-k takes the largest coefficients of a block and leaves zeros', () => {
  const cases = [
    { blockSize: 4096, k: 8, blocks: 5, firstBlock: 0 },
    { blockSize: 4096, k: 1, blocks: 1, firstBlock: 3 },
    { blockSize: 4096, k: 64, blocks: 2, firstBlock: 1 },
    { blockSize: 64, k: 8, blocks: 5, firstBlock: 40 },
    { blockSize: 64, k: 64, blocks: 3, firstBlock: 0 },
    { blockSize: 64, k: 15, blocks: 1, firstBlock: 0 },
  ];
  test.each(cases.map((one, seed) => ({ ...one, seed })))(
    'k $k of $blocks blocks of $blockSize from row $firstBlock, seed $seed',
    async ({ blockSize, k, blocks, firstBlock, seed }) => {
      const values = randomNormal(new SeededRandom(seed), blocks * blockSize);
      expectReference(await run(values, blockSize, k, firstBlock), values, blockSize, k, firstBlock);
    },
  );

  test('of equal magnitudes the lower index leaves first', async () => {
    const random = new SeededRandom(11);
    const values = Float32Array.from(
      { length: 3 * 4096 },
      () => (random.below(2) === 0 ? -1 : 1) * random.below(3),
    );
    expectReference(await run(values, 4096, 8), values, 4096, 8);
  });

  test('zeros never leave, whatever their sign: a block with three values sends three', async () => {
    const values = new Float32Array(2 * 4096).fill(-0);
    values[17] = 1e-30;
    values[4095] = -5;
    values[4000] = 2;
    const { left, chosen } = await run(values, 4096, 8);
    const present = 1 << 13;
    expect(Array.from(chosen.subarray(0, 16))).toEqual([
      ...[4095 | (1 << 12) | present, 4000 | present, 17 | present, 0, 0, 0, 0, 0],
      ...[0, 0, 0, 0, 0, 0, 0, 0],
    ]);
    expect(left.every((value) => value === 0)).toBe(true);
  });

  test.each([4096, 64])(
    'what was put back is added to what grew there since, and an index past the block is passed over: blocks of %i (seed 12)',
    async (blockSize) => {
      const random = new SeededRandom(12);
      const [blocks, k, firstBlock] = [3, 8, 2];
      const before = randomNormal(random, blocks * blockSize);
      const chosen = topKReference(randomNormal(random, blocks * blockSize), blockSize, k);
      const taken = chosen.selection.slice();
      if (blockSize === 64) taken[k] = 64 | (1 << 13);
      taken[2 * k + 1] = 0;
      const around = new Uint32Array(firstBlock * k).fill(1 << 13);
      const room = (firstBlock + blocks) * k;
      const momentum = gpu.tensor([blocks, blockSize], 'f32', 'momentum', before);
      const selection = gpu.tensor([room], 'u32', 'selection', new Uint32Array([...around, ...taken]));
      const amounts = new Float32Array([...poisoned(firstBlock * k), ...chosen.amplitudes]);
      const amplitudes = gpu.tensor([room], 'f32', 'amplitudes', amounts);
      gpu.submit([putBack(gpu, { momentum, selection, amplitudes, blocks, blockSize, firstBlock, k })]);
      const after = await gpu.readF32(momentum);
      const wanted = putBackReference(before, taken, chosen.amplitudes, blockSize);
      expect(relativeL2(after, wanted)).toBeLessThan(1e-6);
      const expectedChanges = blocks * k - (blockSize === 64 ? 2 : 1);
      expect(after.filter((value, at) => value !== before[at])).toHaveLength(expectedChanges);
      gpu.free(momentum, selection, amplitudes);
    },
  );

  test('what is not finite counts as zero and is set to zero', async () => {
    const values = randomNormal(new SeededRandom(3), 4096);
    values[0] = NaN;
    values[64] = Infinity;
    values[4095] = -Infinity;
    const got = await run(values, 4096, 8);
    expectReference(got, values, 4096, 8);
    expect(got.left.every(Number.isFinite)).toBe(true);
    const hopeless = await run(new Float32Array(4096).fill(NaN), 4096, 8);
    expect(Array.from(hopeless.chosen.subarray(0, 8))).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(hopeless.left.every((value) => value === 0)).toBe(true);
  });
});
