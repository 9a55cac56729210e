import { expect, it } from 'vitest';
import { shortfalls } from './check.ts';
import type { CompressionRow, StepResult } from './types.ts';

const step = (ratio: StepResult['ratio']): StepResult => ({ ratio }) as StepResult;
const matmul = (geomeanRatio: Record<string, number>) => ({ rows: [], geomeanRatio });
const blocks = (medianMs: number) => {
  const timing = { medianMs, p10Ms: medianMs, p90Ms: medianMs, runs: 3 };
  const row = { op: 'compress', shape: '64 blocks, k 32', dtype: 'f32', ours: timing, peers: {} } as const;
  return { ms: 1, shareOfCopy: 1, rows: [{ ...row, parameters: 262_144 } satisfies CompressionRow] };
};

it('names each bound that was measured and missed', () => {
  const missed = shortfalls({
    matmul: matmul({ jax: 1.79, tfjs: 6, ort: NaN }),
    step: step({ jax: 2.4, tfjs: 11.9 }),
    compression: blocks(141),
  });
  expect(missed).toEqual([
    'matmul, geometric mean: 1.79 times as fast as jax, not 1.8',
    'matmul, geometric mean: NaN times as fast as ort, not 6',
    'training step: 11.90 times as fast as tfjs, not 12',
    'compression of 64 blocks: 141 ms, not 140',
  ]);
});

it('judges nothing that was not measured', () => {
  expect(shortfalls({})).toEqual([]);
  expect(shortfalls({ matmul: matmul({}), step: step({ jax: 3 }), compression: blocks(10) })).toEqual([]);
});
