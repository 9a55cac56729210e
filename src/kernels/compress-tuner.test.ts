import { expect, test } from 'vitest';
import { realClock } from '../base/clock.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { compressFamily } from './compress-tuner.ts';
import { chooseCompress, compressKey, compressVariants } from './compress.ts';
import { tune } from './tuner.ts';

const gpu = await openTestGpu();

test('compression is done by the variant measured fastest', async () => {
  const before = gpu.bytesAllocated;
  const trials = await tune(gpu.choices, [compressFamily(gpu, 3, 8)], { clock: realClock, budgetMs: 60_000 });
  expect(trials.filter(({ ms }) => ms < Infinity)).toHaveLength(compressVariants.length);
  expect(chooseCompress(gpu, 3, 8)).toBe([...trials].sort((a, b) => a.ms - b.ms)[0].variant);
  expect(gpu.bytesAllocated).toBe(before);
});

test('a choice nobody knows is none', () => {
  for (const variant of compressVariants) {
    gpu.choices.set(compressKey(7, 8), variant);
    expect(chooseCompress(gpu, 7, 8)).toBe(variant);
  }
  gpu.choices.set(compressKey(7, 8), 'of another version');
  expect(compressVariants).toContain(chooseCompress(gpu, 7, 8));
});
