import { expect, test } from 'vitest';
import { maxPayloadBytes } from '../compression/sparse-update.ts';
import { blockLayout } from '../compression/blocks.ts';
import { presets } from '../model/config.ts';
import { parameterLayout } from '../model/parameters.ts';
import { estimateRun } from './run-estimate.ts';

const nano = { preset: 'nano', k: 8, rounds: 300, speed: undefined, share: 1 } as const;

test('without a measurement there is no time, but memory and bytes are known', () => {
  const { roundMs, allMs, parameters, gpuBytes, snapshotBytes, messageBytes } = estimateRun(nano);
  expect([roundMs, allMs]).toEqual([undefined, undefined]);
  expect(snapshotBytes).toBe(4 * parameters);
  // Parameters, gradients and momentum are the least there is.
  expect(gpuBytes).toBeGreaterThan(12 * parameters);
  // What a volunteer of this size counted on a software adapter, which needs the largest scratch: 6.23 MB.
  expect(gpuBytes).toBeGreaterThan(6.23e6);
  expect(gpuBytes).toBeLessThan(7e6);
  expect(messageBytes).toBeGreaterThan(578);
  expect(messageBytes).toBeLessThan(1_000);
});

test('a measured speed gives one time, a first measurement a range around it', () => {
  // 512 tokens a round.
  const measured = estimateRun({ ...nano, speed: { kind: 'measured', msPerToken: 2 } });
  expect([measured.roundMs, measured.allMs]).toEqual([
    [1024, 1024],
    [307_200, 307_200],
  ]);
  const guessed = estimateRun({ ...nano, speed: { kind: 'guessed', gflops: 2.5 } });
  const [least = 0, most = 0] = guessed.roundMs ?? [];
  expect(least).toBeGreaterThan(0);
  expect(most).toBeGreaterThan(2 * least);
  // Measured with three volunteers on two cores of this speed (docs/results/swarm-nano-300.json): 647 ms for 256 tokens.
  const [a = 0, b = 0] = guessed.roundMs ?? [];
  expect(2 * 647).toBeGreaterThan(a);
  expect(2 * 647).toBeLessThan(2 * b);
});

test('a slow GPU is not waited for longer than the budget and the micro-batch under way', () => {
  const slow = estimateRun({ ...nano, preset: 'small', speed: { kind: 'measured', msPerToken: 30 } });
  expect(slow.roundMs).toEqual([1024 * 30, 1024 * 30]);
  const slower = estimateRun({ ...nano, speed: { kind: 'measured', msPerToken: 20 } });
  expect(slower.roundMs).toEqual([512 * 20, 512 * 20]);
});

test('half the GPU takes twice the time, no end has no whole time, and larger k sends more', () => {
  const speed = { kind: 'measured', msPerToken: 1 } as const;
  expect(estimateRun({ ...nano, speed, share: 0.5 }).roundMs).toEqual([1024, 1024]);
  expect(estimateRun({ ...nano, speed, rounds: undefined }).allMs).toBeUndefined();
  const { specs } = parameterLayout(presets.nano);
  const more = estimateRun({ ...nano, k: 16 }).messageBytes - estimateRun(nano).messageBytes;
  expect(more).toBe(maxPayloadBytes(blockLayout(specs), 16) - maxPayloadBytes(blockLayout(specs), 8));
});

test('sizes grow from nano to small', () => {
  const all = (['nano', 'micro', 'small'] as const).map((preset) => estimateRun({ ...nano, preset }));
  for (const field of ['parameters', 'gpuBytes', 'messageBytes', 'snapshotBytes'] as const) {
    const values = all.map((one) => one[field]);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(new Set(values).size).toBe(3);
  }
});
