import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { Exchange, type Body } from './exchange.ts';

const peer = (n: number): PeerId => n.toString(16).padStart(32, '0') as PeerId;
const digest = (n: number): Digest => n.toString(16).padStart(64, '0') as Digest;
const body = (n: number, round: number): Body => ({
  raw: new Uint8Array([n]),
  atMs: 0,
  contribution: {
    ...{ author: peer(n), round, digest: digest(n), messageBytes: 1, payload: new Uint8Array([n]) },
    ...{ weight: 1, tokens: 1, loss: 1, validationLoss: undefined },
  },
});

function open(linked: PeerId[]) {
  const clock = new ManualClock();
  const asked: [PeerId, Digest][] = [];
  const exchange = new Exchange({
    clock,
    ask: (to, _, name) => asked.push([to, name]),
    peers: () => linked,
  });
  return { clock, asked, exchange };
}

test('a missing body is asked of who named it, then of every other linked peer, until it is here', () => {
  const { clock, asked, exchange } = open([peer(1), peer(2), peer(3)]);
  exchange.want(4, [digest(9)], peer(2));
  expect(asked).toEqual([]); // it may be on its way
  clock.advance(1_600);
  expect(asked.map(([to]) => to)).toEqual([peer(2), peer(1), peer(3), peer(2)]);
  exchange.add(body(9, 4));
  clock.advance(5_000);
  expect(asked.length).toBe(4);
});

test('a body that arrives in time is never asked for', () => {
  const { clock, asked, exchange } = open([peer(1)]);
  exchange.want(4, [digest(9)], peer(1));
  clock.advance(20);
  exchange.add(body(9, 4));
  clock.advance(5_000);
  expect(asked).toEqual([]);
});

test('a decided round keeps the bodies its record names and stops every search', () => {
  const { clock, asked, exchange } = open([peer(1)]);
  exchange.add(body(1, 4));
  exchange.add(body(2, 4));
  exchange.add(body(3, 5));
  exchange.want(4, [digest(8)], peer(1));
  exchange.settle(4, new Set([digest(1)]));
  expect([1, 2, 3].map((n) => exchange.get(digest(n)) !== undefined)).toEqual([true, false, true]);
  clock.advance(5_000);
  expect(asked).toEqual([]);
  exchange.dropBelow(5);
  expect(exchange.size).toBe(1);
});
