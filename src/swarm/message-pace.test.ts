import { expect, test } from 'vitest';
import type { PeerId } from '../base/ids.ts';
import { MessagePace } from './message-pace.ts';
import { kindNumbers, type Kind } from './protocol.ts';

const [a, b] = ['a', 'b'] as [PeerId, PeerId];
const allowed = (pace: MessagePace, peer: PeerId, kind: 'confirm' | 'hello', count: number, atMs: number) =>
  Array.from({ length: count }, () => pace.allows(peer, kind, atMs)).filter(Boolean).length;

test('a peer may say 256 confirms or hellos at once, and 128 a second from then on', () => {
  const pace = new MessagePace();
  expect(allowed(pace, a, 'confirm', 1_000, 0)).toBe(256);
  expect(allowed(pace, a, 'confirm', 1_000, 1_000)).toBe(128);
  expect(allowed(pace, a, 'hello', 1_000, 1_000)).toBe(256);
  expect(allowed(pace, b, 'confirm', 1_000, 1_000)).toBe(256);
  pace.forget(a);
  expect(allowed(pace, a, 'confirm', 1_000, 1_000)).toBe(256);
});

test('what a replica, a round or a snapshot is made of is not counted here: its own rules bound it', () => {
  const pace = new MessagePace();
  const free = (Object.keys(kindNumbers) as Kind[]).filter((kind) =>
    Array.from({ length: 300 }, () => pace.allows(a, kind, 0)).every(Boolean),
  );
  expect(free.sort()).toEqual(
    ['contribution', 'have', 'join', 'piece', 'record', 'snapshot', 'want-piece', 'want-snapshot'].sort(),
  );
});
