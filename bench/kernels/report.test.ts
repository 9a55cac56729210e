import { expect, it } from 'vitest';
import { markdown, type Report } from './report.ts';

const timing = { medianMs: 12.34, p10Ms: 12, p90Ms: 13, runs: 11 };
const report: Report = {
  command: 'npm run bench:kernels --',
  machine: 'a machine',
  host: 'Chromium 1',
  date: '2026-01-02',
  commit: 'abc',
  runs: 11,
  adapter: 'swiftshader',
  software: true,
  versions: { ours: 'abc', jax: '0.1' },
  roofline: { copyGBs: 2.5, fmaGflops: 30 },
  matmul: {
    rows: [
      {
        op: 'matmul nn',
        shape: '1x2x3',
        dtype: 'f32',
        ours: timing,
        gflops: 3,
        share: 0.1,
        peers: { jax: { ...timing, runs: 3, gflops: 1.5, ratio: 2, difference: 1e-7 } },
      },
    ],
    geomeanRatio: { jax: 2 },
  },
};

it('names command, machine, day, adapter and rooflines', () => {
  const page = markdown(report);
  for (const part of ['npm run bench:kernels', 'a machine', '2026-01-02', 'abc', 'swiftshader', '2.50 GB/s'])
    expect(page).toContain(part);
});

it('has a row for each measurement, and says where a peer had fewer runs', () => {
  const page = markdown(report);
  expect(page).toContain('| matmul nn | 1x2x3 | 12.3 (12.0 to 13.0) | 3.00 | 10% | 1.50 (2.00x, 3 runs) |');
  expect(page).toContain('Geometric mean over the first five: 2.00x @jax-js/jax.');
  expect(page).not.toContain('## A training step');
});
