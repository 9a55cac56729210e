import fc from 'fast-check';
import { expect, test } from 'vitest';
import { longestAllowedMs, planOf, quickBatch } from './gpu-plan.ts';

test('a micro-batch is cut into as few equal pieces as keep its longest dispatch below 50 ms', () => {
  // A GPU at 500 GFLOP/s and a product of 2 * 4096 * 2560 * 320 flop: 13 ms. At 50: 134 ms. At 5: 1.3 s.
  const longest = (gflops: number): number => (2 * 4096 * 2560 * 320) / gflops / 1e6;
  expect([500, 50, 20, 5].map((gflops) => quickBatch(longest(gflops), 16))).toEqual([16, 4, 2, 1]);
  expect(quickBatch(60, 1)).toBe(1);
  expect(quickBatch(60, 9)).toBe(3);
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 10_000, noNaN: true }),
      fc.integer({ min: 1, max: 64 }),
      (ms, batch) => {
        const quick = quickBatch(ms, batch);
        expect(batch % quick).toBe(0);
        if (quick > 1) expect((ms * quick) / batch).toBeLessThanOrEqual(longestAllowedMs * (1 + 1e-9));
        // A larger divisor would not have done.
        const larger = Array.from({ length: batch }, (_, i) => i + 1).find(
          (n) => n > quick && batch % n === 0,
        );
        if (larger !== undefined)
          expect((ms * larger) / batch).toBeGreaterThan(longestAllowedMs * (1 - 1e-9));
      },
    ),
  );
});

test('a plan says what was done and why, and nothing where nothing was', () => {
  const whole = { microBatch: 4, batch: 4, quickBatch: 4, recomputes: false, software: false };
  expect(planOf({ ...whole, longestDispatchMs: 12, wholeMs: 12 }).notes).toEqual([]);
  expect(planOf({ ...whole, batch: 2, quickBatch: 2, longestDispatchMs: 41, wholeMs: 83 }).notes).toEqual([
    'A micro-batch is taken in 2 pieces of 2 sequences, because one calculation on the whole took 83 ms and 50 ms is the most.',
  ]);
  const tight = { ...whole, recomputes: true, longestDispatchMs: 12, wholeMs: 12 };
  expect(planOf(tight).notes).toEqual([
    'The GPU has too little memory for 4 sequences at once: intermediate values are computed twice instead of kept.',
  ]);
  expect(planOf({ ...tight, batch: 2 }).notes).toEqual([
    'The GPU has too little memory for 4 sequences at once: intermediate values are computed twice instead of kept, and a micro-batch is taken in 2 pieces of 2 sequences.',
  ]);
});

test('a plan says what is cut up, what is too long all the same whatever the pieces, and what was not measured', () => {
  const whole = { microBatch: 4, batch: 4, quickBatch: 4, recomputes: false, software: false };
  const cuts = {
    ...{ kinds: 40, cut: 7, parts: 12, unmeasured: [] as readonly string[] },
    ...{ whole: { name: 'matmul-tn', ms: 390 }, longest: { name: 'rotary', ms: 44 } },
  };
  const planned = (more: Partial<typeof cuts>, software = false): readonly string[] =>
    planOf({
      ...{ ...whole, software, wholeMs: undefined },
      ...{ cuts: { ...cuts, ...more }, longestDispatchMs: (more.longest ?? cuts.longest).ms },
    }).notes;
  const inParts =
    'Of 40 kinds of calculation 7 are done in up to 12 parts, because the longest (matmul-tn) took 390 ms and 50 ms is the most.';
  expect(planned({})).toEqual([inParts]);
  expect(planned({ cut: 0 })).toEqual([]);
  const longest = { name: 'digest', ms: 97 };
  expect(planned({ longest })).toEqual([
    inParts,
    'A single calculation (digest) takes 97 ms all the same: the desktop may stutter. A run of a smaller preset would not do that.',
  ]);
  expect(planned({ longest }, true)).toEqual([inParts]);
  expect(planned({ cut: 0, unmeasured: ['digest', 'rotary'] })).toEqual([
    'There was no time to measure digest, rotary: these may take longer than 50 ms.',
  ]);
});
