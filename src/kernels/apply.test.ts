import { describe, expect, test } from 'vitest';
import { hashWords, SeededRandom } from '../base/random.ts';
import { openTestGpu } from '../testing/gpu.ts';
import { apply } from './apply.ts';
import {
  applyReference,
  largestInteger,
  latticePerUnit,
  movedInteger,
  type RoundStep,
} from './apply.reference.ts';
import type { BlockKind } from './block-shape.ts';

const gpu = await openTestGpu();

/** The rule of design section 5 in unbounded integers. */
function movedExactly(q: number, h: number, sign: number, step: number, decay: number): bigint {
  const moved = BigInt(q) - ((BigInt(q) * BigInt(decay) + BigInt(h)) >> 28n) - BigInt(step) * BigInt(sign);
  const largest = BigInt(largestInteger);
  return moved > largest ? largest : moved < -largest ? -largest : moved;
}

test('the i32 arithmetic equals unbounded integers at its extremes and at 100,000 draws (seed 5)', () => {
  const qs = [
    0,
    1,
    -1,
    4095,
    4096,
    -4095,
    -4096,
    -4097,
    8388607,
    largestInteger - 1,
    largestInteger,
    -largestInteger,
  ];
  const hs = [0, 1, 4095, 4096, 2 ** 27, 2 ** 28 - 4096, 2 ** 28 - 1];
  const steps = [0, 1, 8389, 2 ** 20, 2 ** 24 - 1];
  const decays = [0, 1, 53690, 2 ** 17, 2 ** 18 - 1];
  const check = (...args: [number, number, number, number, number]): void => {
    const got = movedInteger(...args);
    if (BigInt(got) !== movedExactly(...args)) throw new Error(`movedInteger(${args.join()}) = ${got}`);
  };
  for (const q of qs)
    for (const h of hs)
      for (const step of steps)
        for (const decay of decays) for (const sign of [-1, 0, 1]) check(q, h, sign, step, decay);
  const random = new SeededRandom(5);
  for (let n = 0; n < 100_000; n++) {
    const q = random.below(2 * largestInteger + 1) - largestInteger;
    check(q, random.below(2 ** 28), random.below(3) - 1, random.below(2 ** 24), random.below(2 ** 18));
  }
});

test('the dither makes decay unbiased: on average q moves by q D / 2^28 (seed 1)', () => {
  const random = new SeededRandom(1);
  const draws = 100_000;
  const decay = 53690;
  for (const q of [1500, -1500]) {
    let moved = 0;
    for (let n = 0; n < draws; n++) moved += q - movedInteger(q, random.below(2 ** 28), 0, 0, decay);
    // A mean of draws that are 0 or 1 has a standard deviation of at most 0.5 / sqrt(draws) = 0.0016: five of them.
    expect(Math.abs(moved / draws - (q * decay) / 2 ** 28)).toBeLessThan(0.008);
  }
});

describe('apply on the GPU equals its reference word for word', () => {
  const cases: { kind: BlockKind; length: number; offset: number; round: RoundStep }[] = [
    {
      kind: 'matrix',
      length: 4096,
      offset: 0,
      round: { step: 8389, decay: 53690, roundKey: hashWords(1, 1) },
    },
    {
      kind: 'matrix',
      length: 12288,
      offset: 99968,
      round: { step: 1, decay: 2 ** 18 - 1, roundKey: 0xffffffff },
    },
    {
      kind: 'matrix',
      length: 4100,
      offset: 2 ** 30,
      round: { step: 2 ** 24 - 1, decay: 1, roundKey: 0x80000000 },
    },
    {
      kind: 'gains',
      length: 320,
      offset: 163840,
      round: { step: 8389, decay: 53690, roundKey: hashWords(1, 2) },
    },
    { kind: 'gains', length: 4, offset: 7, round: { step: 0, decay: 0, roundKey: 0 } },
  ];
  test.each(cases.map((one, seed) => ({ ...one, seed })))(
    '$length $kind from element $offset, seed $seed',
    async ({ kind, length, offset, round, seed }) => {
      const random = new SeededRandom(seed);
      const extremes = [0, 1, -1, 4096, -4096, -4097, largestInteger, -largestInteger];
      const q = Array.from({ length }, (_, at) =>
        at < extremes.length ? extremes[at] : random.below(2 * largestInteger + 1) - largestInteger,
      );
      const values = Float32Array.from(q, (integer) => integer / latticePerUnit[kind]);
      const x = Int32Array.from({ length: length + 4 }, () =>
        random.below(4) === 0 ? 0 : random.below(3) === 0 ? random.u32() | 0 : random.below(3) - 1,
      );
      const valueTensor = gpu.tensor([length], 'f32', 'values', values);
      const bound = apply(gpu, {
        values: valueTensor,
        x: gpu.tensor([length + 4], 'i32', 'x', x),
        kind,
        offset,
      });
      let expected = values;
      for (const roundKey of [round.roundKey, hashWords(round.roundKey)]) {
        const step = { ...round, roundKey };
        bound.setRound(step);
        gpu.submit([bound.dispatch]);
        expected = applyReference(expected, x, { kind, offset, round: step });
      }
      const got = await gpu.readF32(valueTensor);
      expect(new Uint32Array(got.buffer, got.byteOffset, length)).toEqual(new Uint32Array(expected.buffer));
    },
  );
});

test('gains take the step in their own unit and do not decay', () => {
  const round = { step: 8389, decay: 53690, roundKey: 3 };
  const moved = applyReference(new Float32Array([1, 1, 1]), new Int32Array([5, -5, 0]), {
    kind: 'gains',
    offset: 0,
    round,
  });
  expect(Array.from(moved)).toEqual([1 - 2097 / 2 ** 20, 1 + 2097 / 2 ** 20, 1]);
});
