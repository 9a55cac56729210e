import { expect, test } from 'vitest';
import { recordOf } from './tuning-store.ts';

test('what another browser kept, or another version of this one, is nothing here', () => {
  const record = { version: 'a', choices: {} };
  const kept = { agent: 'Browser/1', record };
  expect(recordOf(kept, 'Browser/1')).toBe(record);
  for (const other of [{ ...kept, agent: 'Browser/2' }, record, { agent: 'Browser/1' }, 'x', null, undefined])
    expect(recordOf(other, 'Browser/1')).toBeUndefined();
});
