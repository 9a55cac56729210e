import { expect, test } from 'vitest';
import { passwordProblem } from './key-form.ts';

test('a password is typed twice, and has eight characters', () => {
  expect(passwordProblem('', '')).toBe('short');
  expect(passwordProblem('1234567', '1234567')).toBe('short');
  expect(passwordProblem('whale song', 'whale sing')).toBe('differ');
  expect(passwordProblem('whale song', 'whale song')).toBeUndefined();
  // A character is what a person sees as one, also where it takes two units.
  expect(passwordProblem('🐋🐋🐋🐋', '🐋🐋🐋🐋')).toBe('short');
});
