import { expect, it } from 'vitest';
import { farthest, preferred } from './precision.ts';

const difference = 4e-4;

it('takes mixed precision where it is as quick as f32 or nearly, for its memory, and says what was measured', () => {
  expect(preferred({ f32Ms: 10, mixedMs: 4, difference })).toEqual({
    precision: 'mixed',
    reason: 'Products of f16 are not slower here: 4.0 ms against 10.0.',
  });
  expect(preferred({ f32Ms: 10, mixedMs: 10.4, difference }).precision).toBe('mixed');
  expect(preferred({ f32Ms: 10, mixedMs: 10.6, difference })).toEqual({
    precision: 'f32',
    reason: 'Products of f16 are slower here: 10.6 ms against 10.0.',
  });
  expect(preferred({ f32Ms: 0.0312, mixedMs: 0.0151, difference }).reason).toContain(
    '0.015 ms against 0.031.',
  );
});

it('does not take products that are quick and wrong', () => {
  const wrong = (actual: number[]) =>
    preferred({
      f32Ms: 10,
      mixedMs: 1,
      difference: farthest(
        [
          [1, 2],
          [2, 1],
        ],
        [[1, 2], actual],
      ),
    });
  expect(wrong([2.001, 1]).precision).toBe('mixed');
  expect(wrong([2, 1.5])).toEqual({
    precision: 'f32',
    reason: 'Products of f16 are wrong here: they differ from f32 by 22.4 %.',
  });
  for (const broken of [NaN, Infinity, -Infinity]) expect(wrong([2, broken]).precision).toBe('f32');
  expect(wrong([]).precision).toBe('f32');
});
