import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { fakeSigner } from '../testing/fake-crypto.ts';
import { limits, type Message } from './protocol.ts';
import { SnapshotClient, SnapshotServer, type Snapshot } from './state-transfer.ts';

const peer = (n: number): PeerId => fakeSigner(n).id;
const members = [{ id: peer(0), publicKey: fakeSigner(0).publicKey, joinedRound: 0, missed: 0 }];
const snapshot = (round: number, length: number): Snapshot => ({
  round,
  record: 'aa'.repeat(32) as Digest,
  state: '1'.repeat(32),
  members,
  bytes: Uint8Array.from({ length }, (_, i) => (i * 31) & 255),
});

/** One joiner and two servers; messages are delivered by hand. */
function open() {
  const clock = new ManualClock();
  const [joiner, ...givers] = [peer(9), peer(1), peer(2)];
  const linked = new Set<PeerId>(givers);
  const toGiver: { to: PeerId; message: Message }[] = [];
  const toJoiner: { from: PeerId; message: Message }[] = [];
  const received: Snapshot[] = [];
  const client = new SnapshotClient({
    clock,
    send: (to, message) => toGiver.push({ to, message }),
    sources: () => [...linked],
    maxBytes: 1 << 21,
    offerTimeoutMs: 5_000,
    received: (one) => received.push(one),
    changed: () => undefined,
  });
  const servers = new Map(
    givers.map((id) => [
      id,
      new SnapshotServer(clock, (to, message) => {
        expect(to).toBe(joiner);
        toJoiner.push({ from: id, message });
      }),
    ]),
  );
  const deliver = (): void => {
    for (const { to, message } of toGiver.splice(0)) {
      const server = servers.get(to);
      if (message.kind === 'want-snapshot') server?.want(peer(9), () => true);
      if (message.kind === 'want-piece') server?.piece(peer(9), message.round, message.index);
    }
    for (const { from, message } of toJoiner.splice(0)) {
      if (message.kind === 'snapshot') client.takeHeader(from, message, members);
      if (message.kind === 'piece') client.takePiece(from, message);
    }
  };
  return { clock, client, servers, linked, toGiver, received, deliver };
}

test('a snapshot arrives whole in pieces, a few asked for ahead, with its progress shown', () => {
  const { client, servers, toGiver, received, deliver } = open();
  client.start([peer(2)]);
  expect(toGiver).toEqual([{ to: peer(2), message: { kind: 'want-snapshot' } }]);
  deliver();
  const server = servers.get(peer(2));
  expect(server?.wanted).toBe(true);
  const sent = snapshot(7, 5 * limits.pieceBytes + 3);
  server?.offer(sent);
  deliver();
  expect(toGiver.length).toBe(4);
  deliver();
  expect(client.progress).toEqual({ bytes: 4 * limits.pieceBytes, totalBytes: sent.bytes.length });
  while (received.length === 0) deliver();
  expect(Buffer.compare(received[0]?.bytes ?? new Uint8Array(), sent.bytes)).toBe(0);
  expect(received[0]).toMatchObject({ round: 7, record: sent.record, state: sent.state, members });
  expect(client.progress).toBeUndefined();
  expect(client.lastSource).toBe(peer(2));
});

test('a peer that is silent or goes away is followed by the next', () => {
  const { clock, client, linked, toGiver } = open();
  client.start();
  const [first, second] = [...linked].sort();
  clock.advance(5_000);
  expect(toGiver.map(({ to }) => to)).toEqual([first, second]);
  linked.delete(second);
  client.peerDown(second);
  expect(toGiver.map(({ to }) => to)).toEqual([first, second, first]);
});

test('a download that stalls starts again with another peer', () => {
  const { clock, client, servers, toGiver, received, deliver } = open();
  client.start([peer(1)]);
  deliver();
  servers.get(peer(1))?.offer(snapshot(7, 3 * limits.pieceBytes));
  deliver();
  toGiver.length = 0; // its requests never arrive
  clock.advance(10_000);
  expect(toGiver).toEqual([{ to: peer(2), message: { kind: 'want-snapshot' } }]);
  expect(client.progress).toBeUndefined();
  deliver();
  servers.get(peer(2))?.offer(snapshot(9, 10));
  while (received.length === 0) deliver();
  expect(received[0]?.round).toBe(9);
});

test('pieces out of order, of the wrong length or from another peer are refused', () => {
  const { client, servers, deliver, received } = open();
  client.start([peer(1)]);
  deliver();
  servers.get(peer(1))?.offer(snapshot(7, limits.pieceBytes + 10));
  deliver();
  const piece = (index: number, length: number) =>
    ({ kind: 'piece', round: 7, index, bytes: new Uint8Array(length) }) as const;
  expect(client.takePiece(peer(1), piece(1, 10))).toEqual({ rejected: 'piece-unasked' });
  expect(client.takePiece(peer(2), piece(0, limits.pieceBytes))).toEqual({ rejected: 'piece-unasked' });
  expect(client.takePiece(peer(1), piece(0, 5))).toEqual({ rejected: 'piece-wrong-length' });
  expect(client.source).toBe(peer(2)); // the one that sent it is not asked on
  expect(received).toEqual([]);
});

test('a peer that was wrong is asked again only after a pause, and only if there is nobody else', () => {
  const { clock, client, linked, toGiver } = open();
  linked.delete(peer(2));
  client.markWrong(peer(1));
  client.start();
  client.proceed();
  expect(toGiver).toEqual([]);
  clock.advance(2_000);
  expect(toGiver.map(({ to }) => to)).toEqual([peer(1)]);
});

test('a served snapshot is kept while pieces are asked for, and forgotten when nobody asks', () => {
  const { clock, servers } = open();
  const server = servers.get(peer(1));
  server?.want(peer(9), () => true);
  server?.offer(snapshot(7, limits.pieceBytes + 10));
  expect(server?.oldestRound).toBe(7);
  clock.advance(50_000);
  expect(server?.piece(peer(9), 7, 1)).toBe('applied');
  expect(server?.piece(peer(9), 7, 2)).toEqual({ rejected: 'want-piece-out-of-range' });
  expect(server?.piece(peer(5), 7, 0)).toBe('ignored');
  clock.advance(50_000);
  expect(server?.oldestRound).toBe(7);
  clock.advance(60_000);
  expect(server?.oldestRound).toBeUndefined();
});
