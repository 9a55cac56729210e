import { expect, it } from 'vitest';
import { preferred } from './precision.ts';

it('takes mixed precision where it is as quick as f32 or nearly, for its memory, and says what was measured', () => {
  expect(preferred(10, 4)).toEqual({
    precision: 'mixed',
    reason: 'Products of f16 are not slower here: 4.0 ms against 10.0.',
  });
  expect(preferred(10, 10.4).precision).toBe('mixed');
  expect(preferred(10, 10.6)).toEqual({
    precision: 'f32',
    reason: 'Products of f16 are slower here: 10.6 ms against 10.0.',
  });
});
