import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { openTimedGpu } from '../testing/timed-gpu.ts';
import { attentionFamily } from './attention-tuner.ts';
import { attentionKey, attentionVariantsFor, chooseAttention } from './attention-variants.ts';
import { tune } from './tuner.ts';

const gpu = await openTestGpu();

const types = (['f32', 'f16'] as const).filter(
  (type) => type === 'f32' || gpu.device.features.has('shader-f16'),
);

test.each(types)('each pass of attention is done by the variant measured fastest: %s', async (stored) => {
  const shape = { batch: 1, sequence: 32, heads: 2, headSize: 4, stored };
  const clock = new ManualClock();
  const names = attentionVariantsFor(gpu, shape).map(({ name }) => name);
  // Backward the last is fastest, forward the first; none is so slow that it is not tried again.
  gpu.onDispatch = ({ kernel }) => {
    const place = names.findIndex((name) => kernel.endsWith(`-${name}`));
    expect(place).toBeGreaterThanOrEqual(0);
    clock.advance(kernel.includes('backward') ? 10 - place : 10 + place);
  };
  const before = gpu.bytesAllocated;
  const trials = await tune(gpu.choices, [attentionFamily(gpu, shape)], { clock, budgetMs: 60_000 });
  gpu.onDispatch = undefined;
  for (const pass of ['backward', 'forward'] as const) {
    const own = trials.filter(({ key, ms }) => key === attentionKey(shape, pass) && ms < Infinity);
    expect(new Set(own.map(({ variant }) => variant))).toEqual(new Set(names));
    expect(chooseAttention(gpu, shape, pass).name).toBe(pass === 'backward' ? names.at(-1) : names[0]);
  }
  expect(gpu.bytesAllocated).toBe(before);
});

test('attention of a batch that was not measured is done as that of the nearest, in its own type if any was', async () => {
  const { gpu: timed } = await openTimedGpu(new ManualClock(), () => 0);
  const shape = { batch: 8, sequence: 32, heads: 2, headSize: 16 };
  const note = (batch: number, name: string, stored?: 'f16') =>
    timed.choices.set(attentionKey({ ...shape, batch, ...(stored && { stored }) }), name);
  const chosen = (stored: 'f32' | 'f16') => chooseAttention(timed, { ...shape, stored }).name;
  expect(chosen('f32')).toBe('alone4');
  timed.choices.set(attentionKey({ ...shape, sequence: 64 }), 'alone1');
  timed.choices.set(attentionKey(shape, 'backward'), 'alone1');
  expect(chosen('f32')).toBe('alone4');
  note(1, 'alone1');
  note(16, 'quad4'); // nearer, but not offered here
  expect([chosen('f32'), chosen('f16')]).toEqual(['alone1', 'alone1']);
  note(4, 'alone4');
  expect([chosen('f32'), chosen('f16')]).toEqual(['alone4', 'alone4']);
  note(64, 'alone1', 'f16');
  expect([chosen('f32'), chosen('f16')]).toEqual(['alone4', 'alone1']);
});

test('attention of which no tensor would fit is measured on fewer sequences', async () => {
  const clock = new ManualClock();
  const { gpu: timed, done } = await openTimedGpu(clock, () => 1);
  // q, k and v of a sequence are 3 Mi elements, and 16 Mi are measured on.
  const shape = { batch: 64, sequence: 1024, heads: 16, headSize: 64 };
  await tune(timed.choices, [attentionFamily(timed, shape)], { clock, budgetMs: 60_000 });
  expect(new Set(done.map(({ sizes }) => sizes['BATCH']))).toEqual(new Set([5]));
  expect(timed.choices.has(attentionKey(shape, 'forward'))).toBe(true);
});
