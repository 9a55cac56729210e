import { expect, test } from 'vitest';
import type { PeerId } from '../base/ids.ts';
import { EarlyEvents } from './early-events.ts';
import type { TransportEvent } from './transport.ts';

const id = (n: number): PeerId => n.toString(16).padStart(32, '0') as PeerId;
const message = (n: number, length: number, mark = 0): TransportEvent => ({
  ...{ kind: 'message', peer: id(n), bytes: new Uint8Array(length).fill(mark) },
});
const up = (n: number): TransportEvent => ({ kind: 'peer-up', peer: id(n) });
const down = (n: number): TransportEvent => ({ kind: 'peer-down', peer: id(n) });
const bytesOf = (events: readonly TransportEvent[]): number =>
  events.reduce((sum, event) => sum + (event.kind === 'message' ? event.bytes.length : 0), 0);

function early(events: Iterable<TransportEvent>): TransportEvent[] {
  const kept = new EarlyEvents();
  for (const event of events) kept.push(event);
  const told = kept.take();
  expect(kept.take()).toEqual([]);
  return told;
}

test('those who are still there are told with what they sent, in order', () => {
  const told = early([up(1), message(1, 10, 7), up(2), message(2, 10), message(1, 10, 8), down(2)]);
  expect(told).toEqual([up(1), message(1, 10, 7), message(1, 10, 8)]);
});

test('coming back buys no room, and who comes back begins anew', () => {
  function* flood(): Iterable<TransportEvent> {
    for (let life = 0; life < 50; life++) {
      yield up(1);
      for (let n = 0; n < 5; n++) yield message(1, 1 << 20, life);
      if (life < 49) yield down(1);
    }
  }
  const told = early(flood());
  expect(told.map((event) => (event.kind === 'message' ? event.bytes[0] : event.kind))).toEqual([
    'peer-up',
    ...[49, 49, 49, 49],
    'rejected',
  ]);
  expect(told.at(-1)).toMatchObject({ reason: 'early-too-much', times: 50 });
});

test('many peers together fill only so much, and each may still greet', () => {
  function* crowd(): Iterable<TransportEvent> {
    for (let n = 1; n <= 20; n++) {
      yield up(n);
      for (let i = 0; i < 4; i++) yield message(n, 1 << 20);
    }
    yield up(99);
    yield message(99, 1_000, 5);
  }
  const told = early(crowd());
  expect(bytesOf(told)).toBeLessThanOrEqual((16 << 20) + (64 << 10));
  expect(told.find((event) => event.kind === 'message' && event.peer === id(99))).toBeDefined();
});

test('a flood of empty messages is a flood', () => {
  const told = early([up(1), ...Array.from({ length: 40_000 }, () => message(1, 0))]);
  expect(told.length).toBeLessThan(20_000);
});

test('refusals are counted by reason, whoever they are of', () => {
  const refused = (n: number, reason: string): TransportEvent => ({ kind: 'rejected', peer: id(n), reason });
  const flood = Array.from({ length: 10_000 }, (_, i) => refused(i % 5, i % 2 === 0 ? 'a' : 'b'));
  expect(early(flood)).toEqual([
    { kind: 'rejected', peer: id(0), reason: 'a', times: 5_000 },
    { kind: 'rejected', peer: id(1), reason: 'b', times: 5_000 },
  ]);
});
