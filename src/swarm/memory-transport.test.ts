import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import type { PeerId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { testTransportContract } from '../testing/transport-contract.ts';
import { MemoryNetwork } from './memory-transport.ts';

const id = (n: number): PeerId => n.toString(16).padStart(32, '0') as PeerId;

testTransportContract('memory-transport with seeded delay (seed 3)', (count) => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, random: new SeededRandom(3), delayMs: [1, 40] });
  const transports = Array.from({ length: count }, (_, i) => network.create(id(i + 1)));
  return {
    transports,
    pump: () => {
      clock.advance(5);
    },
    close: () => {
      for (const transport of transports) transport.close();
    },
  };
});

test('messages overtake each other across links, never within one (seed 5)', () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, random: new SeededRandom(5), delayMs: [0, 50] });
  const [a, b, c] = [network.create(id(1)), network.create(id(2)), network.create(id(3))];
  const heard: { from: PeerId; n: number }[] = [];
  c.listen((event) => {
    if (event.kind === 'message') heard.push({ from: event.peer, n: event.bytes[0] ?? -1 });
  });
  clock.advance(100);
  for (let n = 0; n < 30; n++) {
    a.send(c.self, new Uint8Array([n]));
    b.send(c.self, new Uint8Array([n]));
    clock.advance(3);
  }
  clock.advance(100);
  for (const from of [a.self, b.self]) {
    const order = heard.filter((one) => one.from === from).map((one) => one.n);
    expect(order).toEqual(Array.from({ length: 30 }, (_, n) => n));
  }
  expect(heard.some((one, i) => i > 0 && one.n < (heard[i - 1]?.n ?? 0))).toBe(true);
});

test('link loss breaks links, and they come up again (seed 6)', () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, random: new SeededRandom(6), linkLoss: 0.2, relinkMs: 30 });
  const [a, b] = [network.create(id(1)), network.create(id(2))];
  const kinds: string[] = [];
  b.listen((event) => kinds.push(event.kind));
  for (let n = 0; n < 50; n++) {
    clock.advance(50);
    a.send(b.self, new Uint8Array([n]));
  }
  clock.advance(100);
  expect(kinds.filter((kind) => kind === 'peer-down').length).toBeGreaterThan(2);
  expect(kinds.filter((kind) => kind === 'peer-up').length).toBeGreaterThan(2);
  expect(kinds.filter((kind) => kind === 'message').length).toBeGreaterThan(20);
});

test('a full queue is said so and takes no more', () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({
    clock,
    random: new SeededRandom(1),
    delayMs: [10, 10],
    queueLimitBytes: 100,
  });
  const [a, b] = [network.create(id(1)), network.create(id(2))];
  clock.advance(20);
  expect(a.send(b.self, new Uint8Array(80))).toBe('queued');
  expect(a.send(b.self, new Uint8Array(80))).toBe('full');
  clock.advance(20);
  expect(a.send(b.self, new Uint8Array(80))).toBe('queued');
});

test('a peer that closes is heard to the end, one that vanishes is not', () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock, random: new SeededRandom(5), delayMs: [10, 10] });
  for (const [n, vanishes] of [false, true].entries()) {
    const [a, b] = [network.create(id(2 * n + 1)), network.create(id(2 * n + 2))];
    const heard: string[] = [];
    b.listen((event) => {
      if (event.peer === a.self) heard.push(event.kind);
    });
    clock.advance(20);
    a.send(b.self, new Uint8Array([1]));
    if (vanishes) network.vanish(a.self);
    else a.close();
    clock.advance(20);
    expect(heard).toEqual(vanishes ? ['peer-up', 'peer-down'] : ['peer-up', 'message', 'peer-down']);
  }
});
