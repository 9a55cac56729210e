import { expect, test } from 'vitest';
import type { PeerId } from '../base/ids.ts';
import { Inbox } from './inbox.ts';

const [a, b] = ['a'.repeat(32) as PeerId, 'b'.repeat(32) as PeerId];
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function open(messageLimit: number, byteLimit = 1_000) {
  const judged: string[] = [];
  const overflows: PeerId[] = [];
  const gates: (() => void)[] = [];
  const inbox = new Inbox({
    judge: async (from, bytes) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      judged.push(`${from[0]}${bytes[0]}`);
    },
    overflow: (from) => overflows.push(from),
    messageLimit,
    byteLimit,
  });
  const finish = async (): Promise<void> => {
    for (;;) {
      await turn();
      const gate = gates.pop(); // newest first: verification may finish in any order
      if (gate === undefined) return;
      gate();
    }
  };
  return { inbox, judged, overflows, finish };
}

test('messages of one peer are judged in the order they came, whatever takes longest', async () => {
  const { inbox, judged, finish } = open(10);
  for (const n of [1, 2, 3]) for (const from of [a, b]) inbox.push(from, new Uint8Array([n]));
  await finish();
  expect(judged.filter((one) => one.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  expect(judged.filter((one) => one.startsWith('b'))).toEqual(['b1', 'b2', 'b3']);
});

test('a flooding peer overflows its own queue and nobody else’s', async () => {
  const { inbox, judged, overflows, finish } = open(3);
  for (let n = 0; n < 10; n++) inbox.push(a, new Uint8Array([n]));
  inbox.push(b, new Uint8Array([1]));
  expect(new Set(overflows)).toEqual(new Set([a]));
  await finish();
  expect(judged).toContain('b1');
  expect(judged.length).toBeLessThanOrEqual(5);
});

test('large messages overflow by their bytes', () => {
  const { inbox, overflows } = open(100, 1_000);
  for (let n = 0; n < 4; n++) inbox.push(a, new Uint8Array(400));
  expect(overflows.length).toBe(2);
});

test('what is parked comes back when its round does, the oldest forgotten first', async () => {
  const { inbox, judged, finish } = open(3);
  for (let round = 1; round <= 5; round++) inbox.park(a, round, new Uint8Array([round]));
  inbox.release(2);
  await finish();
  expect(judged).toEqual([]);
  inbox.release(4);
  await finish();
  expect(judged).toEqual(['a3', 'a4']);
});

test('what is parked of a peer that goes is forgotten, what waits to be judged is not', async () => {
  const { inbox, judged, finish } = open(3);
  for (const from of [a, b]) inbox.park(from, 5, new Uint8Array([5]));
  for (const n of [1, 2]) inbox.push(a, new Uint8Array([n]));
  inbox.forget(a);
  await finish();
  expect(judged).toEqual(['a1', 'a2']);
  inbox.release(9);
  await finish();
  expect(judged).toEqual(['a1', 'a2', 'b5']);
});
