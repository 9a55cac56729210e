// npm run test:kernels -- --device firefox mixed-precision.long: minutes, so only where it is asked for by name.
import { expect, it } from 'vitest';
import { openTestGpu } from '../../src/testing/gpu.ts';
import { lossCurve, mean } from '../../src/testing/loss-curve.ts';

const gpu = await openTestGpu();
const full: number[] = [];
const mixed: number[] = [];

it('learns `nano` from text in f32 for 300 steps', async () => {
  full.push(...(await lossCurve(gpu, 'f32', 300)));
  expect(mean(full.slice(-30))).toBeLessThan(0.5 * full[0]);
});

it('learns `nano` in mixed precision for 300 steps', async () => {
  mixed.push(...(await lossCurve(gpu, 'mixed', 300)));
  expect(mixed.every(Number.isFinite)).toBe(true);
});

it('has losses within 0.5 % of each other, in every thirty steps', () => {
  for (let start = 0; start < full.length; start += 30) {
    const [wanted, found] = [full, mixed].map((curve) => mean(curve.slice(start, start + 30)));
    expect(Math.abs(found / wanted - 1), `from step ${start}: ${found} for ${wanted}`).toBeLessThan(0.005);
  }
});
