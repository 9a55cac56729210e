import { expect, test } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { CheckpointShelf } from './checkpoint-shelf.ts';
import { limits, type Message } from './protocol.ts';
import { piecesWaiting, SnapshotServer } from './snapshot-server.ts';
import { checkpointOf, peer } from './snapshot-world.test-data.ts';
import type { SendOutcome } from './transport.ts';

/** A server with what it sent, whose chain holds every record but those of `offChain`. */
function open(finalRound = 32) {
  const clock = new ManualClock();
  const shelf = new CheckpointShelf();
  const sent: Message[] = [];
  const offChain = new Set<number>();
  const link: { outcome: SendOutcome } = { outcome: 'queued' };
  const server = new SnapshotServer({
    clock,
    shelf,
    send: (_, message) => {
      if (link.outcome === 'queued') sent.push(message);
      return link.outcome;
    },
    onChain: (round) => !offChain.has(round),
    finalRound: () => finalRound,
  });
  const pieces = (): number => sent.filter(({ kind }) => kind === 'piece').length;
  return { clock, shelf, sent, offChain, link, server, pieces };
}

const length = 40 * limits.pieceBytes;

test('the newest final snapshot is given, else the newest on the chain', () => {
  const { shelf, sent, offChain, server } = open();
  shelf.add(checkpointOf(48, 10));
  shelf.add(checkpointOf(64, 10));
  offChain.add(64);
  server.want(peer(1));
  shelf.add(checkpointOf(16, 10));
  shelf.add(checkpointOf(32, 10));
  server.want(peer(1));
  expect(sent.map((message) => message.kind === 'snapshot' && message.round)).toEqual([48, 32]);
});

test('who asks before there is a snapshot gets the first one', () => {
  const { shelf, sent, server } = open();
  expect(server.want(peer(1))).toBe('applied');
  expect([server.wanted, sent.length]).toEqual([true, 0]);
  shelf.add(checkpointOf(16, 10));
  server.offered();
  server.offered();
  expect([server.wanted, sent.length]).toEqual([false, 1]);
});

test('pieces come by root and index; one that is not there is refused', () => {
  const { shelf, sent, server } = open();
  const checkpoint = checkpointOf(16, limits.pieceBytes + 3);
  shelf.add(checkpoint);
  server.want(peer(1));
  expect(server.piece(peer(1), checkpoint.root, 1)).toBe('applied');
  expect(server.piece(peer(1), checkpoint.root, 2)).toEqual({ rejected: 'want-piece-out-of-range' });
  const bytes = checkpoint.bytes.subarray(limits.pieceBytes);
  expect(sent.slice(1)).toEqual([{ kind: 'piece', root: checkpoint.root, index: 1, bytes }]);
});

test('a stranger that asks for pieces gets none', () => {
  const { shelf, sent, server } = open();
  const checkpoint = checkpointOf(16, 10);
  shelf.add(checkpoint);
  for (let n = 0; n < 1_000; n++) expect(server.piece(peer(n), checkpoint.root, 0)).toBe('ignored');
  expect(sent).toEqual([]);
});

test('a flood of piece requests costs a bounded rate of pieces, and the surplus is refused', () => {
  const { clock, shelf, server, pieces } = open();
  const checkpoint = checkpointOf(16, length);
  shelf.add(checkpoint);
  server.want(peer(1));
  const refused = new Map<string, number>();
  for (let second = 0; second < 10; second++) {
    for (let i = 0; i < 1_000; i++) {
      const verdict = server.piece(peer(1), checkpoint.root, i % 40);
      if (typeof verdict === 'object')
        refused.set(verdict.rejected, (refused.get(verdict.rejected) ?? 0) + 1);
    }
    clock.advance(1_000);
  }
  expect([...refused.keys()]).toEqual(['want-piece-too-often']);
  expect(pieces()).toBeLessThanOrEqual(8 + 10 * 16);
  expect(pieces()).toBeGreaterThanOrEqual(10 * piecesWaiting); // what it takes is not starved
  // Another peer is served meanwhile.
  server.want(peer(2));
  const before = pieces();
  server.piece(peer(2), checkpoint.root, 0);
  expect(pieces()).toBe(before + 1);
});

test('a flood of header requests is refused', () => {
  const { clock, shelf, sent, server } = open();
  shelf.add(checkpointOf(16, 10));
  const verdicts = Array.from({ length: 1_000 }, () => server.want(peer(1)));
  expect(verdicts.slice(4).every((verdict) => typeof verdict === 'object')).toBe(true);
  expect(verdicts.at(-1)).toEqual({ rejected: 'want-snapshot-too-often' });
  expect(sent.length).toBe(4);
  clock.advance(2_000);
  expect(server.want(peer(1))).toBe('applied');
});

test('a request for a snapshot that is gone is answered with what there is, a few times', () => {
  const { shelf, sent, server } = open();
  const [old, young] = [checkpointOf(16, length), checkpointOf(32, 10)];
  shelf.add(old);
  server.want(peer(1));
  shelf.clear();
  shelf.add(young);
  for (let i = 0; i < 1_000; i++) expect(server.piece(peer(1), old.root, i % 40)).toBe('ignored');
  expect(sent.map((message) => message.kind === 'snapshot' && message.round)).toEqual([16, 32, 32, 32]);
});

test('a link that takes no more is tried again, and what it took comes once', () => {
  const { clock, shelf, link, server, pieces } = open();
  const checkpoint = checkpointOf(16, length);
  shelf.add(checkpoint);
  server.want(peer(1));
  link.outcome = 'full';
  for (const index of [0, 1, 2]) expect(server.piece(peer(1), checkpoint.root, index)).toBe('applied');
  clock.advance(5_000);
  expect(pieces()).toBe(0);
  link.outcome = 'queued';
  clock.advance(100);
  expect(pieces()).toBe(3);
  clock.advance(5_000);
  expect(pieces()).toBe(3);
});

test('a peer that is gone gets nothing more', () => {
  const { clock, shelf, server, pieces } = open();
  const checkpoint = checkpointOf(16, length);
  shelf.add(checkpoint);
  server.want(peer(1));
  for (let index = 0; index < 12; index++) server.piece(peer(1), checkpoint.root, index);
  const before = pieces();
  server.forget(peer(1));
  clock.advance(5_000);
  expect(pieces()).toBe(before);
  expect(server.piece(peer(1), checkpoint.root, 0)).toBe('ignored');
});
