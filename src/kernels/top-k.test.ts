import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, randomNormal } from '../testing/gpu.ts';
import { topK } from './top-k.ts';
import { topKReference } from './top-k.reference.ts';

const gpu = await openTestGpu();
const untouched = 0xdeadbeef;

async function run(values: Float32Array<ArrayBuffer>, blockSize: number, k: number, firstBlock = 0) {
  const blocks = values.length / blockSize;
  const momentum = gpu.tensor([blocks, blockSize], 'f32', 'momentum', values);
  const room = (firstBlock + blocks + 1) * k;
  const selection = gpu.tensor([room], 'u32', 'selection', new Uint32Array(room).fill(untouched));
  const scratch = gpu.tensor([128 * blocks], 'u32', 'scratch', new Uint32Array(128 * blocks).fill(untouched));
  gpu.submit(topK(gpu, { momentum, scratch, selection, blocks, blockSize, firstBlock, k }));
  const [left, chosen] = [await gpu.readF32(momentum), await gpu.readU32(selection)];
  gpu.free(momentum, scratch, selection);
  return { left, chosen };
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
