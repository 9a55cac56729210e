import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { compressFamily } from './compress-tuner.ts';
import { chooseCompress, compressKey, compressVariants } from './compress.ts';
import { tune } from './tuner.ts';

const gpu = await openTestGpu();

test('compression is done by the variant measured fastest', async () => {
  const before = gpu.bytesAllocated;
  for (const fastest of compressVariants) {
    const clock = new ManualClock();
    gpu.onDispatch = ({ kernel }) => {
      clock.advance(kernel === `compress-${fastest}` ? 20 : 25);
    };
    gpu.choices.clear();
    const trials = await tune(gpu.choices, [compressFamily(gpu, 3, 8)], { clock, budgetMs: 60_000 });
    expect(trials.filter(({ ms }) => ms < Infinity)).toHaveLength(compressVariants.length);
    expect(chooseCompress(gpu, 3, 8)).toBe(fastest);
  }
  gpu.onDispatch = undefined;
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
