import { expect, test } from 'vitest';
import { realClock } from '../base/clock.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { attentionFamily } from './attention-tuner.ts';
import { attentionKey, attentionVariantsFor, chooseAttention } from './attention-variants.ts';
import { tune } from './tuner.ts';

const gpu = await openTestGpu();

test('each pass of attention is done by the variant measured fastest', async () => {
  const shape = { batch: 1, sequence: 32, heads: 2, headSize: 4 };
  const before = gpu.bytesAllocated;
  const trials = await tune(gpu.choices, [attentionFamily(gpu, shape)], {
    clock: realClock,
    budgetMs: 60_000,
  });
  for (const pass of ['backward', 'forward'] as const) {
    const own = trials.filter(({ key, ms }) => key === attentionKey(shape, pass) && ms < Infinity);
    // What is far behind in the first contest is not tried in the second.
    expect(own.length).toBeGreaterThanOrEqual(
      pass === 'backward' ? attentionVariantsFor(gpu, shape).length : 2,
    );
    expect(chooseAttention(gpu, shape, pass).name).toBe(own.sort((a, b) => a.ms - b.ms)[0].variant);
  }
  expect(gpu.bytesAllocated).toBe(before);
});
