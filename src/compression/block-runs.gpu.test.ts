import { expect, test } from 'vitest';
import { SeededRandom } from '../base/random.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { compressVariants } from '../kernels/compress.ts';
import { openTestGpu, randomNormal } from '../testing/gpu.ts';
import { aggregateVotes } from './aggregate.ts';
import { blockRuns } from './block-runs.ts';
import { blockLayout } from './blocks.ts';
import { DctTopK } from './dct-top-k.ts';
import { IntegerApply, integerApplyReference } from './integer-apply.ts';
import { decodeUpdate, selectionOfUpdate } from './sparse-update.ts';

const gpu = await openTestGpu();
const layout = blockLayout([
  { name: 'a', kind: 'matrix', rows: 64, cols: 128, offset: 0 },
  { name: 'b', kind: 'matrix', rows: 192, cols: 64, offset: 8192 },
  { name: 'g', kind: 'gains', rows: 1, cols: 192, offset: 20_480 },
]);
const { length } = layout;
const k = 8;

/** The layout's tensors with given elements: each in a buffer of its own, or all in one with a gap before `b`. */
const placements: Record<'apart' | 'together', (data: Float32Array<ArrayBuffer>) => Tensor[]> = {
  apart: (data) =>
    layout.parameters.map(({ spec: { name, offset, rows, cols } }) =>
      gpu.tensor([rows, cols], 'f32', name, data.slice(offset, offset + rows * cols)),
    ),
  together: (data) => {
    const gap = 64;
    const whole = new Float32Array(length + gap);
    whole.set(data.subarray(0, 8192));
    whole.set(data.subarray(8192), 8192 + gap);
    const { buffer } = gpu.tensor([length + gap], 'f32', 'page', whole);
    return layout.parameters.map(({ spec: { name, offset, rows, cols } }, index) => ({
      ...{ buffer, shape: [rows, cols], dtype: 'f32', length: rows * cols, label: name },
      offset: 4 * (offset + (index === 0 ? 0 : gap)),
    }));
  },
};

test('tensors back to back in a buffer are one run, a gap or another buffer ends it', () => {
  const extents = (tensors: readonly Tensor[]): number[][] =>
    blockRuns(gpu, layout, tensors).map(({ first, end, firstBlock, offset, joined, places }) => [
      ...[first, end, firstBlock, offset, joined.length, places.length / 4],
    ]);
  expect(extents(placements.together(new Float32Array(length)))).toEqual([
    [0, 1, 0, 0, 8192, 2],
    [1, 3, 2, 8192, 12_480, 6],
  ]);
  expect(extents(placements.apart(new Float32Array(length)))).toEqual([
    [0, 1, 0, 0, 8192, 2],
    [1, 2, 2, 8192, 12_288, 3],
    [2, 3, 5, 20_480, 192, 3],
  ]);
});

test('payloads and parameters are the same words wherever the tensors lie, with few dispatches (seed 1)', async () => {
  const random = new SeededRandom(1);
  const gradient = randomNormal(random, length, 0.01);
  const values = Float32Array.from({ length }, () => (random.below(2 ** 22) - 2 ** 21) / 2 ** 22);
  const round = { step: 8389, decay: 53690, roundKey: 5 };
  const payloads: Uint8Array[] = [];
  for (const place of [placements.apart, placements.together]) {
    const tensors = {
      gradient: place(gradient),
      values: place(values),
      norm: gpu.tensor([2], 'f32', 'norm', new Float32Array([0, 0.5])),
    };
    const source = {
      ...{ gpu, norm: tensors.norm, gradientDispatches: [] },
      tensors: layout.parameters.map(({ spec }, index) => ({
        ...{ spec, values: tensors.values[index], gradient: tensors.gradient[index] },
      })),
    };
    let dispatches = 0;
    gpu.onDispatch = () => dispatches++;
    const compressor = new DctTopK(source, layout, { k, momentumDecay: 0.9, variant: 'lane' });
    const { payload } = await compressor.compress();
    payloads.push(payload);
    const applier = new IntegerApply(gpu, layout, tensors.values);
    const votes = aggregateVotes(layout, k, [{ payload, weight: 4 }]);
    applier.apply(votes, round);
    expect(dispatches).toBe(place === placements.together ? 5 : 6); // gains are applied by themselves
    gpu.onDispatch = undefined;
    const parts = await Promise.all(tensors.values.map((tensor) => gpu.readF32(tensor)));
    const moved = parts.flatMap((part) => Array.from(part));
    expect(moved).toEqual(Array.from(integerApplyReference(layout, values, votes, round)));
    compressor.close();
    applier.close();
  }
  expect(payloads[0]).toEqual(payloads[1]);
});

test('both variants of compression choose the same coefficients, but for near ties (seed 2)', async () => {
  const gradient = randomNormal(new SeededRandom(2), length);
  const chosen: Set<string>[] = [];
  for (const variant of compressVariants) {
    const tensors = placements.apart(gradient);
    const norm = gpu.tensor([2], 'f32', 'norm', new Float32Array([0, 1]));
    const source = {
      ...{ gpu, norm, gradientDispatches: [] },
      tensors: layout.parameters.map(({ spec }, index) => ({
        ...{ spec, values: tensors[index], gradient: tensors[index] },
      })),
    };
    const compressor = new DctTopK(source, layout, { k, momentumDecay: 0.9, variant });
    const { payload } = await compressor.compress();
    const update = decodeUpdate(layout, k, payload);
    if (!update.ok) throw new Error(update.reason);
    const selection = selectionOfUpdate(layout, k, update.value);
    chosen.push(new Set(Array.from(selection, (slot, n) => `${Math.floor(n / k)}: ${slot}`)));
    compressor.close();
  }
  expect(chosen[0].size).toBe(layout.blocks * k);
  expect([...chosen[0]].filter((slot) => !chosen[1].has(slot)).length).toBeLessThanOrEqual(1);
});
