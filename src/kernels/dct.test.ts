import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import { openTestGpu, poisoned, randomNormal, relativeL2 } from '../testing/gpu.ts';
import { blockSize, type BlockShape } from './block-shape.ts';
import { dct, dctBasis } from './dct.ts';
import { dctReference } from './dct.reference.ts';

const gpu = await openTestGpu();
const basis = gpu.tensor([2, 32, 32], 'f32', 'basis', dctBasis());

describe('dct folds gradients into momentum in the DCT domain', () => {
  const shapes: BlockShape[] = [
    { kind: 'matrix', rows: 64, cols: 64 },
    { kind: 'matrix', rows: 192, cols: 64 },
    { kind: 'matrix', rows: 64, cols: 320 },
    { kind: 'matrix', rows: 128, cols: 192 },
    { kind: 'gains', rows: 1, cols: 64 },
    { kind: 'gains', rows: 1, cols: 448 },
  ];
  test.each(shapes.map((shape, seed) => ({ ...shape, seed })))(
    '$kind $rows x $cols, seed $seed: within 1e-5 of the float64 transform',
    async ({ kind, rows, cols, seed }) => {
      const random = new SeededRandom(seed);
      const length = rows * cols;
      const size = blockSize(kind);
      const g = randomNormal(random, length);
      const before = randomNormal(random, length, 0.3);
      const multiplier = Math.fround(0.1 + random.float());
      const gradient = gpu.tensor([rows, cols], 'f32', 'gradient', g);
      const norm = gpu.tensor([2], 'f32', 'norm', new Float32Array([1e9, multiplier]));
      const momentum = gpu.tensor([length / size, size], 'f32', 'momentum', before);
      const momentumDecay = 0.99;
      const scratch = gpu.tensor([length + 5], 'f32', 'scratch', poisoned(length + 5));
      gpu.submit(dct(gpu, { gradient, norm, basis, momentum, scratch, kind, rows, cols, momentumDecay }));
      const expected = dctReference(g, before, { kind, rows, cols }, { multiplier, momentumDecay });
      expect(relativeL2(await gpu.readF32(momentum), expected)).toBeLessThanOrEqual(1e-5);
      gpu.free(gradient, norm, momentum, scratch);
    },
  );

  test('a decay of zero replaces what was there, and a gradient that is one cosine is one coefficient', async () => {
    const u = 5;
    const v = 62;
    const wave = Float32Array.from(
      { length: 4096 },
      (_, at) =>
        Math.cos((Math.PI * (2 * (at >> 6) + 1) * u) / 128) *
        Math.cos((Math.PI * (2 * (at & 63) + 1) * v) / 128),
    );
    const gradient = gpu.tensor([64, 64], 'f32', 'gradient', wave);
    const norm = gpu.tensor([2], 'f32', 'norm', new Float32Array([0, 1]));
    const momentum = gpu.tensor([1, 4096], 'f32', 'momentum', new Float32Array(4096).fill(7));
    const scratch = gpu.tensor([4096], 'f32', 'scratch');
    gpu.submit(
      dct(gpu, {
        gradient,
        norm,
        basis,
        momentum,
        scratch,
        kind: 'matrix',
        rows: 64,
        cols: 64,
        momentumDecay: 0,
      }),
    );
    const found = await gpu.readF32(momentum);
    const expected = new Float64Array(4096);
    expected[64 * u + v] = 32;
    expect(relativeL2(found, expected)).toBeLessThanOrEqual(1e-5);
    gpu.free(gradient, norm, momentum);
  });
});
