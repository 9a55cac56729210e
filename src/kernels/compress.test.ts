import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poison, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { blockPlaces } from './block-places.ts';
import { blockSize, countBlocks, type BlockShape } from './block-shape.ts';
import { compress, compressScratch, compressVariants, type CompressVariant } from './compress.ts';
import { dctReference } from './dct.reference.ts';
import { topKReference } from './top-k.reference.ts';

const gpu = await openTestGpu();
const untouched = 0xdeadbeef;
const matrix = (rows: number, cols: number): BlockShape => ({ kind: 'matrix', rows, cols });
const gains = (cols: number): BlockShape => ({ kind: 'gains', rows: 1, cols });
const lengthOf = (shapes: readonly BlockShape[]): number =>
  shapes.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
const blocksOf = (shapes: readonly BlockShape[]): number =>
  shapes.reduce((sum, shape) => sum + countBlocks(shape).blocks, 0);

interface Case {
  readonly variant: CompressVariant;
  readonly shapes: readonly BlockShape[];
  readonly gradient: Float32Array<ArrayBuffer>;
  readonly momentum: Float32Array<ArrayBuffer>;
  readonly k: number;
  readonly multiplier: number;
  readonly momentumDecay: number;
  readonly firstBlock?: number | undefined;
}

async function run(one: Case, how: 'take' | 'fold') {
  const { variant, shapes, k, multiplier, momentumDecay, firstBlock = 0 } = one;
  const length = lengthOf(shapes);
  const blocks = blocksOf(shapes);
  const room = (firstBlock + blocks + 1) * k;
  const places = blockPlaces(shapes);
  const scratch = Math.max(1, compressScratch(variant, blocks));
  const tensors = {
    gradient: gpu.tensor([length], 'f32', 'gradient', one.gradient),
    momentum: gpu.tensor([length], 'f32', 'momentum', one.momentum),
    places: gpu.tensor([blocks, 4], 'u32', 'places', places),
    norm: gpu.tensor([2], 'f32', 'norm', new Float32Array([1e9, multiplier])),
    scratch: gpu.tensor([scratch], 'f32', 'scratch', poisoned(scratch)),
    selection: gpu.tensor([room], 'u32', 'selection', new Uint32Array(room).fill(untouched)),
    amplitudes: gpu.tensor([room], 'f32', 'amplitudes', poisoned(room)),
  };
  gpu.submit(compress(gpu, { ...tensors, firstBlock, k, momentumDecay, variant })[how]);
  const result = {
    momentum: await gpu.readF32(tensors.momentum),
    selection: await gpu.readU32(tensors.selection),
    amplitudes: await gpu.readF32(tensors.amplitudes),
  };
  gpu.free(...Object.values(tensors));
  return result;
}

/** momentumDecay * momentum + DCT(multiplier * gradient) of all tensors in float64. */
function foldedReference({ shapes, gradient, momentum, ...scale }: Case): Float64Array {
  const out = new Float64Array(gradient.length);
  let start = 0;
  for (const shape of shapes) {
    const end = start + shape.rows * shape.cols;
    out.set(dctReference(gradient.subarray(start, end), momentum.subarray(start, end), shape, scale), start);
    start = end;
  }
  return out;
}

/** What leaves a given momentum, word for word. */
function expectTaken(got: Awaited<ReturnType<typeof run>>, folded: Float32Array, one: Case): void {
  const { shapes, k, firstBlock = 0 } = one;
  const selection = Array<number>(firstBlock * k).fill(untouched);
  const amplitudes = Array<number>(firstBlock * k).fill(Math.fround(poison));
  const left: number[] = [];
  for (const shape of shapes) {
    const length = shape.rows * shape.cols;
    const taken = topKReference(folded.subarray(left.length, left.length + length), blockSize(shape.kind), k);
    selection.push(...taken.selection);
    amplitudes.push(...taken.amplitudes);
    for (const value of taken.momentum) left.push(value);
  }
  expect(Array.from(got.selection)).toEqual([...selection, ...Array<number>(k).fill(untouched)]);
  expect(Array.from(got.amplitudes)).toEqual([...amplitudes, ...Array<number>(k).fill(Math.fround(poison))]);
  const different = left.findIndex((value, at) => value !== got.momentum[at]);
  expect(different, 'the first word of the momentum that differs').toBe(-1);
}

/** No gradient and no decay: momentum in, momentum out, but for what leaves. */
const still = (
  variant: CompressVariant,
  shapes: readonly BlockShape[],
  k: number,
  momentum: Float32Array<ArrayBuffer>,
): Case => ({
  ...{ variant, shapes, k, momentum },
  gradient: new Float32Array(momentum.length),
  multiplier: 1,
  momentumDecay: 1,
});

describe.each(compressVariants)('compress, variant %s', (variant) => {
  const cases: { shapes: BlockShape[]; k: number; firstBlock?: number }[] = [
    { shapes: [matrix(64, 64)], k: 8 },
    { shapes: [matrix(192, 64), matrix(64, 320), gains(64)], k: 8, firstBlock: 3 },
    { shapes: [gains(448), matrix(128, 192)], k: 1 },
    { shapes: [gains(64)], k: 64 },
    { shapes: [matrix(128, 128), gains(128)], k: 64, firstBlock: 1 },
    { shapes: [matrix(64, 64), matrix(128, 64)], k: 33 },
  ];
  test.each(cases.map((one, seed) => ({ ...one, seed, blocks: blocksOf(one.shapes) })))(
    'folds $blocks blocks within 1e-5 of float64, and takes the $k largest of what it folded to the word, seed $seed',
    async ({ shapes, k, firstBlock, seed }) => {
      const random = new SeededRandom(seed);
      const length = lengthOf(shapes);
      const one: Case = {
        ...{ variant, shapes, k, firstBlock },
        gradient: randomNormal(random, length),
        momentum: randomNormal(random, length, 0.3),
        multiplier: Math.fround(0.1 + random.float()),
        momentumDecay: Math.fround(0.99),
      };
      const folded = await run(one, 'fold');
      expect(relativeL2(folded.momentum, foldedReference(one))).toBeLessThanOrEqual(1e-5);
      expect(folded.selection.every((word) => word === untouched)).toBe(true);
      expect(folded.amplitudes.every((value) => value === Math.fround(poison))).toBe(true);
      expectTaken(await run(one, 'take'), folded.momentum, one);
    },
  );

  test('a decay of zero replaces what was there, and a gradient that is one cosine is one coefficient', async () => {
    const [u, v] = [5, 62];
    const cosine = (i: number, w: number): number => Math.cos((Math.PI * (2 * i + 1) * w) / 128);
    const gradient = Float32Array.from({ length: 4096 }, (_, at) => cosine(at >> 6, u) * cosine(at & 63, v));
    const momentum = new Float32Array(4096).fill(7);
    const { momentum: found } = await run(
      { variant, shapes: [matrix(64, 64)], gradient, momentum, k: 8, multiplier: 1, momentumDecay: 0 },
      'fold',
    );
    const expected = new Float64Array(4096);
    expected[64 * u + v] = 32;
    expect(relativeL2(found, expected)).toBeLessThanOrEqual(1e-5);
  });

  test('of equal magnitudes the lower index leaves first, however many are equal (seed 11)', async () => {
    const random = new SeededRandom(11);
    const shapes = [matrix(192, 64), gains(128)];
    for (const k of [1, 8, 40, 64]) {
      const draw = (): number => (random.below(2) === 0 ? -1 : 1) * random.below(3) + 0; // no minus zero
      const momentum = Float32Array.from({ length: lengthOf(shapes) }, draw);
      momentum.fill(3, 4096, 8192); // and a block of one value
      const one = still(variant, shapes, k, momentum);
      expectTaken(await run(one, 'take'), momentum, one);
    }
  });

  test('the largest may all stand in one row or one column, and few be anything but zero (seed 12)', async () => {
    const random = new SeededRandom(12);
    const momentum = new Float32Array(4 * 4096);
    const values = randomNormal(random, 64);
    for (let n = 0; n < 64; n++) {
      momentum[64 * 9 + n] = values[n];
      momentum[4096 + 64 * n + 17] = values[n];
      momentum[2 * 4096 + 65 * n] = n % 7 === 0 ? values[n] : 0;
    }
    for (const k of [8, 64]) {
      const one = still(variant, [matrix(128, 128)], k, momentum);
      expectTaken(await run(one, 'take'), momentum, one);
    }
  });

  test('zeros never leave, whatever their sign: a block with three values sends three', async () => {
    const momentum = new Float32Array(2 * 4096).fill(-0);
    momentum[17] = 1e-30;
    momentum[4095] = -5;
    momentum[4000] = 2;
    const got = await run(still(variant, [matrix(64, 128)], 8, momentum), 'take');
    const present = 1 << 13;
    expect(Array.from(got.selection.subarray(0, 16))).toEqual([
      ...[4095 | (1 << 12) | present, 4000 | present, 17 | present, 0, 0, 0, 0, 0],
      ...[0, 0, 0, 0, 0, 0, 0, 0],
    ]);
    expect(got.momentum.every((value) => value === 0)).toBe(true);
  });

  test('what is not finite counts as zero and is set to zero', async () => {
    const momentum = randomNormal(new SeededRandom(3), 4096 + 64);
    momentum[0] = NaN;
    momentum[64] = Infinity;
    momentum[4095] = -Infinity;
    momentum[4100] = NaN;
    const shapes = [matrix(64, 64), gains(64)];
    const one = still(variant, shapes, 8, momentum);
    const finite = momentum.map((value) => (Number.isFinite(value) ? value : 0));
    expectTaken(await run(one, 'take'), finite, one);
    const hopeless = await run(
      still(variant, shapes, 8, new Float32Array(momentum.length).fill(NaN)),
      'take',
    );
    expect(Array.from(hopeless.selection.subarray(0, 16)).every((word) => word === 0)).toBe(true);
    expect(hopeless.momentum.every((value) => value === 0)).toBe(true);
  });

  // A row of workgroups of tiles is 512 MiB: too much for a test.
  const whereItFits = variant === 'tile' ? undefined : test;
  whereItFits?.('more blocks than one dispatch or one scratch takes (seed 14)', async () => {
    const shapes = [matrix(64 * 27, 64 * 20)];
    const momentum = randomNormal(new SeededRandom(14), lengthOf(shapes));
    const one = still(variant, shapes, 4, momentum);
    expectTaken(await run(one, 'take'), momentum, one);
  });
});
