import { expect, it } from 'vitest';
import { realClock } from '../base/clock.ts';
import { presets } from '../model/config.ts';
import { Gpu } from '../gpu/gpu.ts';
import { FragileGpu } from '../testing/fragile-gpu.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { offersHalves } from '../testing/halves.ts';
import { choosePrecision } from './precision.ts';

const gpu = await openTestGpu();
const size = { batch: 1, sequence: 64 };

it('computes in f32 where a GPU has no f16, whatever was wished, and says so; elsewhere as wished or measured', async () => {
  const before = gpu.bytesAllocated;
  const choose = (wished: 'f32' | 'mixed' | undefined) =>
    choosePrecision(gpu, presets.nano, size, { clock: realClock, wished });
  expect((await choose('f32')).precision).toBe('f32');
  const asked = await choose('mixed');
  if (offersHalves(gpu)) {
    expect(asked).toEqual({ precision: 'mixed', reason: 'It was asked for.' });
    expect((await choose(undefined)).reason).toMatch(/ms against [\d.]+\.$/);
  } else {
    expect(asked.precision).toBe('f32');
    expect(asked.reason).toContain('though mixed precision was asked for');
    expect(await choose(undefined)).toEqual({
      precision: 'f32',
      reason: 'This GPU or browser offers no f16.',
    });
  }
  expect(gpu.bytesAllocated).toBe(before);
});

it('computes in f32 where a GPU offers f16 and then refuses it, and says what it refused', async () => {
  const boastful = await Gpu.open(new FragileGpu().entry); // opened without f16
  Object.defineProperty(boastful.device, 'features', { value: new Set(['shader-f16']) });
  const before = boastful.bytesAllocated;
  const chosen = await choosePrecision(boastful, presets.nano, size, { clock: realClock, wished: undefined });
  expect(chosen.precision).toBe('f32');
  expect(chosen.reason).toMatch(/^f16 could not be measured here\. The GPU refused .*f16/s);
  expect(boastful.bytesAllocated).toBe(before);
  await boastful.kernels.compileAhead(); // nothing refused is left behind
  boastful.close();
});
