import { expect, test } from 'vitest';
import { realClock } from '../base/clock.ts';
import { nodeGpu } from '../hosts/node.ts';
import { choosePreset, probeAdapter } from './probe.ts';

test('an adapter is measured, and a software adapter gets the smallest preset with the figure as the reason', async () => {
  const { gflops, software, adapter } = await probeAdapter(nodeGpu(), realClock);
  expect(gflops).toBeGreaterThan(0.01);
  expect(gflops).toBeLessThan(100_000);
  expect(adapter).not.toBe('');
  const { preset, reason } = choosePreset(gflops, software);
  if (software) expect(preset).toBe('nano');
  expect(reason).toContain('GFLOP/s');
});

test('faster adapters get larger presets', () => {
  expect([1, 49, 50, 999, 1_000, 20_000].map((gflops) => choosePreset(gflops, false).preset)).toEqual([
    'nano',
    'nano',
    'micro',
    'micro',
    'small',
    'small',
  ]);
  expect(choosePreset(5_000, true).preset).toBe('nano');
});
