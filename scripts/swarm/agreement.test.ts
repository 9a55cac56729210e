import { expect, test } from 'vitest';
import { agreementOf } from './agreement.ts';
import { fakeLife, fakeRecords } from './fake-life.test-data.ts';
import { RecordLog } from './record-log.ts';

test('replicas agree only if every shared round and the final state are the same', () => {
  const one = fakeLife(fakeRecords(1, 'xy'));
  expect(agreementOf([one, fakeLife(fakeRecords(2, 'y'))]).agree).toBe(true);
  expect(agreementOf([one, fakeLife(fakeRecords(1, 'xz'), { stateDigest: 'y' })]).agree).toBe(false);
  expect(agreementOf([one, fakeLife(fakeRecords(1, 'zy'))]).agree).toBe(false);
  expect(agreementOf([one, fakeLife(fakeRecords(2, 'y'), { stateDigest: 'q' })]).agree).toBe(false);
});

test('a volunteer that is there and reported nothing is no agreement, nor is an empty swarm', () => {
  const one = fakeLife(fakeRecords(1, 'x'));
  expect(agreementOf([one, fakeLife([], { stateDigest: 'x' })]).agree).toBe(false);
  expect(agreementOf([fakeLife(fakeRecords(1, 'x'), { stateDigest: undefined })]).agree).toBe(false);
  expect(agreementOf([one, { log: new RecordLog(), status: undefined, ended: undefined }]).agree).toBe(false);
  expect(agreementOf([]).agree).toBe(false);
  expect(agreementOf([fakeLife(fakeRecords(1, 'x'), {}, 'killed')]).agree).toBe(false);
});

test('a volunteer that left is compared up to where it left', () => {
  const there = fakeLife(fakeRecords(1, 'abcdefgh'));
  expect(agreementOf([there, fakeLife(fakeRecords(1, 'abc'), {}, 'closed')])).toEqual({
    agree: true,
    abandoned: [],
  });
  expect(agreementOf([there, fakeLife(fakeRecords(1, 'Abcdef'), {}, 'killed')]).agree).toBe(false);
  expect(agreementOf([there, fakeLife([], {}, 'reloaded')]).agree).toBe(true);
});

test('of its last three records those not yet final may have been abandoned, and are counted', () => {
  const there = fakeLife(fakeRecords(1, 'abcdefgh'));
  const left = (states: string, finalRound: number) =>
    agreementOf([there, fakeLife(fakeRecords(1, states), { finalRound }, 'closed')]);
  expect(left('abcDEF', 3).agree).toBe(true);
  expect(left('abcDEF', 3).abandoned.map(({ round }) => round)).toEqual([4, 5, 6]);
  expect(left('abcDEF', 4).agree).toBe(false);
  expect(left('abCDEF', -1).agree).toBe(false);
});

test('two that left must agree on rounds that nobody still there has seen', () => {
  const there = fakeLife(fakeRecords(20, 'xyz'));
  const left = (states: string) => fakeLife(fakeRecords(1, states), {}, 'closed');
  expect(agreementOf([there, left('abcdefgh'), left('abcdefgh')]).agree).toBe(true);
  expect(agreementOf([there, left('abcdefgh'), left('abXdefgh')]).agree).toBe(false);
});
