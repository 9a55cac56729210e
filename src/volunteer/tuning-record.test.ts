import { expect, test } from 'vitest';
import { isRecent } from './tuning-record.ts';

const machine = { adapter: 'a GPU', version: 'these kernels' };
const minute = 60_000;

test('who comes back within ten minutes is known to, by a clock that was not set back, and of these kernels', () => {
  const kept = { version: machine.version, choices: {}, atMs: 100 * minute };
  expect(isRecent(kept, machine, 101 * minute)).toBe(true);
  expect(isRecent(kept, machine, 111 * minute)).toBe(false);
  expect(isRecent(kept, machine, 99 * minute)).toBe(false);
  expect(isRecent(kept, machine, undefined)).toBe(false);
  expect(isRecent({ ...kept, version: 'others' }, machine, 101 * minute)).toBe(false);
  expect(isRecent({ ...kept, atMs: 'noon' }, machine, 101 * minute)).toBe(false);
  expect(isRecent(undefined, machine, 101 * minute)).toBe(false);
});
