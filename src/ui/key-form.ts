import { minPasswordCharacters } from '../volunteer/key-desk.ts';

/** What is wrong with a password that is chosen by typing it twice; undefined: nothing. */
export function passwordProblem(typed: string, again: string): 'short' | 'differ' | undefined {
  if ([...typed].length < minPasswordCharacters) return 'short';
  return typed === again ? undefined : 'differ';
}
