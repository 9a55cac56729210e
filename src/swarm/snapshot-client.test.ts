import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 as webSha256 } from '../base/digest.ts';
import { ManualClock } from '../base/clock.ts';
import { invariant } from '../base/invariant.ts';
import { fuzzRounds } from '../testing/long.ts';
import type { Checkpoint } from './checkpoint-shelf.ts';
import { pieceOf } from './merkle.ts';
import { limits, type Message, type SnapshotMessage } from './protocol.ts';
import { SnapshotClient, type ReceivedSnapshot } from './snapshot-client.ts';
import { checkpointOf, peer, SnapshotWorld, stateOf, type Handler } from './snapshot-world.test-data.ts';

const { pieceBytes } = limits;

const headerOf = (
  { bytes, ...rest }: Checkpoint,
  changes: Partial<SnapshotMessage> = {},
): SnapshotMessage => {
  const { round, record, state, leaves, context } = rest;
  return { kind: 'snapshot', round, record, state, leaves, context, totalBytes: bytes.length, ...changes };
};

/** Serves like a server without limits; `spoil` changes or swallows an answer. */
const serving =
  (checkpoint: Checkpoint, spoil: (answer: Message) => Message | undefined = (answer) => answer): Handler =>
  (message, reply) => {
    let answer: Message | undefined;
    if (message.kind === 'want-snapshot') answer = headerOf(checkpoint);
    if (message.kind === 'want-piece') {
      const { root, index } = message;
      answer = { kind: 'piece', root, index, bytes: pieceOf(checkpoint.bytes, index) };
    }
    answer = answer === undefined ? undefined : spoil(answer);
    if (answer !== undefined) reply(answer);
  };

/** Pieces and headers right, one byte of every piece wrong. */
const wrongPieces = (checkpoint: Checkpoint): Handler =>
  serving(checkpoint, (answer) => {
    if (answer.kind !== 'piece') return answer;
    const bytes = new Uint8Array(answer.bytes);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    return { ...answer, bytes };
  });

/** Consistent in itself, but its state is not that of its bytes. */
const falseCheckpoint = (round: number, length: number, seed: number): Checkpoint => ({
  ...checkpointOf(round, length, seed),
  state: 'f'.repeat(32),
});

const expectWhole = (received: ReceivedSnapshot | undefined, { bytes, ...rest }: Checkpoint): void => {
  expect(Buffer.compare(received?.bytes ?? new Uint8Array(), bytes)).toBe(0);
  expect(received).toMatchObject(rest);
};

test('a snapshot of any size arrives whole from one source', () => {
  for (const length of [1, pieceBytes, pieceBytes + 1, 9 * pieceBytes + 5]) {
    const world = new SnapshotWorld();
    const checkpoint = checkpointOf(32, length);
    world.addHonest(1, checkpoint);
    world.client.start();
    expect(world.until(() => world.received.length > 0)).toBeDefined();
    expectWhole(world.received[0], checkpoint);
    expect(world.received[0]?.from).toEqual([peer(1)]);
    expect(world.client.progress).toBeUndefined();
    expect(world.client.active).toBe(false);
    expect(world.rejections).toEqual([]);
  }
});

test('three sources of different speed are faster than the fastest alone, and each gives pieces', () => {
  const checkpoint = checkpointOf(32, 40 * pieceBytes);
  const time = (rates: readonly number[]): [number, ReceivedSnapshot | undefined, SnapshotWorld] => {
    const world = new SnapshotWorld();
    for (const [n, rate] of rates.entries()) world.addHonest(n + 1, checkpoint, rate);
    world.client.start();
    const took = world.until(() => world.received.length > 0);
    invariant(took !== undefined, 'it completes');
    return [took, world.received[0], world];
  };
  const [alone] = time([2 << 20]);
  const [together, received, world] = time([2 << 20, 1 << 20, 1 << 19]);
  expectWhole(received, checkpoint);
  // 3.5 MiB a second instead of 2.
  expect(together).toBeLessThan(0.7 * alone);
  expect([...(received?.from ?? [])].sort()).toEqual([peer(1), peer(2), peer(3)]);
  const given = (n: number): number =>
    world.served.filter(({ to, message }) => to === peer(n) && message.kind === 'piece').length;
  expect(given(1)).toBeGreaterThan(given(2));
  expect(given(2)).toBeGreaterThan(given(3));
  expect(given(1) + given(2) + given(3)).toBeLessThan(1.2 * 40);
  expect(world.rejections).toEqual([]);
});

test('progress tells bytes, sources and the rate of the last seconds', () => {
  const world = new SnapshotWorld();
  const checkpoint = checkpointOf(32, 60 * pieceBytes);
  world.addHonest(1, checkpoint, 1 << 20);
  world.addHonest(2, checkpoint, 1 << 20);
  world.client.start();
  expect(world.client.progress).toBeUndefined();
  world.clock.advance(4_000);
  const progress = world.client.progress;
  expect(progress).toMatchObject({ totalBytes: 60 * pieceBytes, sources: 2 });
  expect((progress?.bytesPerSecond ?? 0) / (2 << 20)).toBeGreaterThan(0.85);
  expect((progress?.bytesPerSecond ?? 0) / (2 << 20)).toBeLessThan(1.15);
  expect(progress?.bytes).toBeGreaterThan(20 * pieceBytes);
  world.down(1);
  world.down(2);
  world.clock.advance(6_000);
  expect(world.client.progress).toMatchObject({ sources: 0, bytesPerSecond: 0 });
});

test('a source that goes mid-way is replaced by the others at once', () => {
  const world = new SnapshotWorld();
  const checkpoint = checkpointOf(32, 20 * pieceBytes);
  world.addHonest(1, checkpoint);
  world.addHonest(2, checkpoint);
  world.client.start();
  expect(world.until(() => (world.client.progress?.bytes ?? 0) > 6 * pieceBytes)).toBeDefined();
  world.down(1);
  expect(world.until(() => world.received.length > 0, 4_000)).toBeDefined();
  expectWhole(world.received[0], checkpoint);
});

test('the only source, back again, goes on where it was cut off', () => {
  const world = new SnapshotWorld();
  const checkpoint = checkpointOf(32, 20 * pieceBytes);
  world.addHonest(1, checkpoint);
  world.client.start();
  expect(world.until(() => (world.client.progress?.bytes ?? 0) > 10 * pieceBytes)).toBeDefined();
  world.down(1);
  world.clock.advance(30_000);
  world.up(1);
  expect(world.until(() => world.received.length > 0)).toBeDefined();
  expectWhole(world.received[0], checkpoint);
  expect(world.served.filter(({ message }) => message.kind === 'piece').length).toBeLessThan(28);
});

test('a source that turns up while pieces come gives some too', () => {
  const world = new SnapshotWorld();
  const checkpoint = checkpointOf(32, 30 * pieceBytes);
  world.addHonest(1, checkpoint, 1 << 20);
  world.client.start();
  world.clock.advance(1_000);
  world.addHonest(2, checkpoint, 1 << 20);
  expect(world.until(() => world.received.length > 0)).toBeDefined();
  expect(world.received[0]?.from).toEqual([peer(1), peer(2)]);
});

test('a peer that goes silent holds nobody up for long', () => {
  const world = new SnapshotWorld();
  const checkpoint = checkpointOf(32, 8 * pieceBytes);
  world.addHonest(1, checkpoint);
  world.add(
    2,
    serving(checkpoint, (answer) => (answer.kind === 'piece' ? undefined : answer)),
  );
  world.client.start();
  // Not the 10 s after which it is given up: an idle source takes over what another owes.
  expect(world.until(() => world.received.length > 0, 5_000)).toBeDefined();
  expect(world.received[0]?.from).toEqual([peer(1)]);
});

test('a slow link is waited for when there is no other', () => {
  const world = new SnapshotWorld();
  const checkpoint = checkpointOf(32, 3 * pieceBytes);
  world.addHonest(1, checkpoint, 1 << 14); // 16 s a piece
  world.client.start();
  expect(world.until(() => world.received.length > 0, 600_000)).toBeDefined();
  expectWhole(world.received[0], checkpoint);
});

test('a liar with a wrong piece is found out, and the rest comes from the others', () => {
  const world = new SnapshotWorld();
  const checkpoint = checkpointOf(32, 12 * pieceBytes);
  world.add(1, wrongPieces(checkpoint), 8 << 20);
  world.addHonest(2, checkpoint, 1 << 20);
  world.client.start();
  expect(world.until(() => world.received.length > 0)).toBeDefined();
  expectWhole(world.received[0], checkpoint);
  expect(world.received[0]?.from).toEqual([peer(2)]);
  expect(new Set(world.rejections)).toEqual(new Set(['piece-wrong-hash']));
  expect(world.rejections.length).toBeLessThanOrEqual(2); // asked no more
});

test('a piece of the wrong length, or of an index that is not there, is refused', () => {
  for (const [spoil, reason] of [
    [{ bytes: new Uint8Array(5) }, 'piece-wrong-length'],
    [{ index: 3 }, 'piece-out-of-range'],
  ] as const) {
    const world = new SnapshotWorld();
    const checkpoint = checkpointOf(32, 3 * pieceBytes);
    world.add(
      1,
      serving(checkpoint, (answer) => (answer.kind === 'piece' ? { ...answer, ...spoil } : answer)),
    );
    world.client.start();
    world.clock.advance(1_000);
    expect(new Set(world.rejections)).toEqual(new Set([reason]));
    world.addHonest(2, checkpoint);
    expect(world.until(() => world.received.length > 0)).toBeDefined();
    expectWhole(world.received[0], checkpoint);
  }
});

test('one liar among three, with a consistent snapshot of its own, is outvoted even if it answers first', () => {
  const world = new SnapshotWorld();
  const checkpoint = checkpointOf(32, 4 * pieceBytes);
  world.add(1, serving(falseCheckpoint(64, 4 * pieceBytes, 9)), 64 << 20);
  world.addHonest(2, checkpoint);
  world.addHonest(3, checkpoint);
  world.client.start();
  expect(world.until(() => world.received.length > 0)).toBeDefined();
  expectWhole(world.received[0], checkpoint);
});

test('a header waits for the others 300 ms and no longer', () => {
  const world = new SnapshotWorld();
  const checkpoint = checkpointOf(32, 10);
  world.add(1, () => undefined);
  world.addHonest(2, checkpoint);
  world.client.start();
  const took = world.until(() => world.received.length > 0);
  expect(took).toBeGreaterThanOrEqual(300);
  expect(took).toBeLessThan(500);
});

test('with equal numbers the preferred peer, then the higher round is followed', () => {
  const [old, young] = [checkpointOf(32, 100), checkpointOf(48, 100)];
  for (const [prefer, expected] of [
    [[], young],
    [[peer(1)], old],
  ] as const) {
    const world = new SnapshotWorld();
    world.addHonest(1, old);
    world.addHonest(2, young);
    world.client.start(prefer);
    expect(world.until(() => world.received.length > 0)).toBeDefined();
    expectWhole(world.received[0], expected);
  }
});

test('what proved wrong is not chosen again while there is somebody else, even if more announce it', () => {
  const world = new SnapshotWorld();
  const [honest, wrong] = [checkpointOf(32, pieceBytes), falseCheckpoint(32, pieceBytes, 9)];
  for (const n of [1, 2, 3]) world.add(n, serving(wrong));
  world.addHonest(4, honest);
  world.client.start();
  expect(world.until(() => world.received.length > 0)).toBeDefined();
  expectWhole(world.received[0], wrong);
  // Only one of the three gave a piece; the others announced the same.
  world.client.markWrong(world.received[0]?.from ?? []);
  world.client.start();
  expect(world.until(() => world.received.length > 1)).toBeDefined();
  expectWhole(world.received[1], honest);
});

test('liars alone are asked again after a pause, and dropped as soon as an honest peer turns up', () => {
  const world = new SnapshotWorld();
  const [honest, wrong] = [checkpointOf(32, pieceBytes), falseCheckpoint(32, 4 * pieceBytes, 9)];
  // Another one each time, so that what it announces is never known to be wrong.
  let round = 40;
  const changing = serving(wrong, (one) => (one.kind === 'snapshot' ? { ...one, round: round++ } : one));
  world.add(1, changing, 1 << 18);
  world.client.start();
  expect(world.until(() => world.received.length > 0)).toBeDefined();
  world.client.markWrong([peer(1)]);
  world.client.start();
  world.clock.advance(1_900);
  expect(world.client.progress).toBeUndefined();
  world.clock.advance(1_000);
  expect(world.client.progress?.totalBytes).toBe(4 * pieceBytes);
  world.addHonest(2, honest);
  world.clock.advance(1_000);
  expect(world.received.length).toBe(2);
  expectWhole(world.received[1], honest);
});

test('a silent majority with a snapshot of its own is given up', () => {
  const world = new SnapshotWorld();
  const [honest, other] = [checkpointOf(32, pieceBytes), checkpointOf(48, 4 * pieceBytes)];
  for (const n of [1, 2])
    world.add(
      n,
      serving(other, (answer) => (answer.kind === 'piece' ? undefined : answer)),
    );
  world.addHonest(3, honest);
  world.client.start();
  expect(world.until(() => world.received.length > 0, 30_000)).toBeDefined();
  expectWhole(world.received[0], honest);
});

test('a peer that timed out rests while others give; the only one is asked again at once', () => {
  const checkpoint = checkpointOf(32, 30 * pieceBytes);
  const world = new SnapshotWorld();
  let asked = 0;
  world.add(
    1,
    serving(checkpoint, (answer) => {
      if (answer.kind !== 'piece') return answer;
      asked++;
      return undefined;
    }),
  );
  world.addHonest(2, checkpoint, 1 << 18);
  world.client.start();
  world.clock.advance(19_000);
  expect(asked).toBe(2);

  const lossy = new SnapshotWorld();
  let lost = false;
  lossy.add(
    1,
    serving(checkpointOf(32, 10), (answer) => {
      if (answer.kind !== 'piece' || lost) return answer;
      lost = true;
      return undefined;
    }),
  );
  lossy.client.start();
  expect(lossy.until(() => lossy.received.length > 0, 11_000)).toBeDefined();
});

test('a source that has pruned the snapshot leaves the others at it', () => {
  const world = new SnapshotWorld();
  const [old, young] = [checkpointOf(32, 30 * pieceBytes), checkpointOf(48, 2 * pieceBytes)];
  const [shelf] = [1, 2].map((n) => world.addHonest(n, old, 1 << 20));
  world.client.start();
  world.clock.advance(1_000);
  expect(world.client.progress?.sources).toBe(2);
  shelf?.clear();
  shelf?.add(young);
  world.clock.advance(2_000); // behind six pieces of 250 ms
  expect(world.client.progress).toMatchObject({ sources: 1, totalBytes: 30 * pieceBytes });
  expect(world.until(() => world.received.length > 0)).toBeDefined();
  expectWhole(world.received[0], old);
});

test('where the snapshot was pruned, its sources move on to the newer one', () => {
  const world = new SnapshotWorld();
  const [old, young] = [checkpointOf(32, 30 * pieceBytes), checkpointOf(48, 2 * pieceBytes)];
  const shelves = [1, 2].map((n) => world.addHonest(n, old, 1 << 20));
  world.client.start();
  world.clock.advance(1_000);
  for (const shelf of shelves) {
    shelf.clear();
    shelf.add(young);
  }
  expect(world.until(() => world.received.length > 0, 4_000)).toBeDefined();
  expectWhole(world.received[0], young);
  expect(world.rejections).toEqual([]);
});

test('impossible headers are refused before anything is allocated', () => {
  const checkpoint = checkpointOf(32, pieceBytes + 1);
  for (const [changes, reason] of [
    [{ totalBytes: (1 << 24) + 1 }, 'snapshot-too-long'],
    [{ totalBytes: 0 }, 'snapshot-empty'],
    [{ totalBytes: pieceBytes }, 'snapshot-leaves'],
    [{ leaves: checkpoint.leaves.map((leaf) => leaf.subarray(1)) }, 'snapshot-leaves'],
  ] as const) {
    const world = new SnapshotWorld();
    world.add(
      1,
      serving(checkpoint, () => headerOf(checkpoint, changes)),
    );
    world.client.start();
    world.clock.advance(100);
    expect(world.rejections).toEqual([reason]);
    expect(world.client.progress).toBeUndefined();
  }
});

test('what nobody asked for is refused', () => {
  const world = new SnapshotWorld();
  const checkpoint = checkpointOf(32, pieceBytes);
  const piece = { kind: 'piece', root: checkpoint.root, index: 0, bytes: checkpoint.bytes } as const;
  world.add(1, () => undefined);
  expect(world.take(peer(1), headerOf(checkpoint))).toEqual({ rejected: 'snapshot-unasked' });
  world.client.start();
  expect(world.take(peer(2), headerOf(checkpoint))).toEqual({ rejected: 'snapshot-unasked' });
  expect(world.take(peer(1), piece)).toEqual({ rejected: 'piece-unasked' });
  expect(world.take(peer(1), headerOf(checkpoint))).toBe('applied');
  expect(world.take(peer(1), headerOf(checkpoint))).toBe('applied'); // in the place of the piece that it owes
  expect(world.take(peer(1), headerOf(checkpoint))).toEqual({ rejected: 'snapshot-unasked' });
});

test('with a hash that answers later it is the same', async () => {
  const clock = new ManualClock();
  const checkpoint = checkpointOf(32, 3 * pieceBytes + 3);
  const received: ReceivedSnapshot[] = [];
  const waiting: Message[] = [];
  const options = { clock, sha256: webSha256, maxBytes: 1 << 24, changed: () => undefined };
  const client = new SnapshotClient({
    ...options,
    sources: () => [peer(1)],
    inspect: (header) => Promise.resolve(header.round === 32 ? undefined : 'snapshot-of-another-round'),
    send: (_, message) =>
      serving(checkpoint)(message, (answer) => {
        waiting.push(answer);
        return 'queued';
      }),
    received: (snapshot) => received.push(snapshot),
  });
  client.start();
  while (received.length === 0) {
    const answers = waiting.splice(0);
    expect(answers.length).toBeGreaterThan(0);
    const verdicts = answers.map(async (answer) =>
      answer.kind === 'snapshot'
        ? await client.takeHeader(peer(1), answer)
        : answer.kind === 'piece' && (await client.takePiece(peer(1), answer)),
    );
    expect(new Set(await Promise.all(verdicts))).toEqual(new Set(['applied']));
  }
  expectWhole(received[0], checkpoint);
});

test('with one honest source up it completes, whatever the others do and whoever comes and goes', () => {
  const length = 3 * pieceBytes + 7;
  const honest = checkpointOf(32, length);
  const liar = (kind: number, n: number): Handler => {
    const false_ = falseCheckpoint(32 + n, length, n);
    switch (kind) {
      case 0:
        return () => undefined;
      case 1:
        return wrongPieces(honest);
      case 2:
        return serving(false_);
      case 3:
        return serving(honest, (answer) => (answer.kind === 'piece' ? undefined : answer));
      case 4: {
        // Another header each time, and everything twice.
        let round = 100;
        const answer = serving(honest, (one) => (one.kind === 'snapshot' ? { ...one, round: round++ } : one));
        return (message, reply) => {
          answer(message, reply);
          answer(message, reply);
          serving(false_)(message, reply);
        };
      }
      case 5:
        return serving(honest, (answer) => (answer.kind === 'piece' ? { ...answer, index: 77 } : answer));
      default:
        return serving(honest, (answer) =>
          answer.kind === 'snapshot' ? { ...answer, totalBytes: answer.totalBytes + pieceBytes } : answer,
        );
    }
  };
  const step = fc.oneof(
    fc.record({ do: fc.constant('advance' as const), ms: fc.nat(4_000) }),
    fc.record({ do: fc.constantFrom('up' as const, 'down' as const), n: fc.nat(3) }),
    fc.record({ do: fc.constant('restart' as const) }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.record({ kind: fc.nat(6), rate: fc.integer({ min: 1 << 15, max: 1 << 23 }) }), {
        maxLength: 3,
      }),
      fc.integer({ min: 1 << 17, max: 1 << 23 }),
      fc.array(step, { maxLength: 12 }),
      (liars, honestRate, steps) => {
        const world = new SnapshotWorld();
        world.addHonest(0, honest, honestRate);
        for (const [i, { kind, rate }] of liars.entries()) world.add(i + 1, liar(kind, i + 1), rate);
        let judged = 0;
        const isDone = (): boolean => {
          for (; judged < world.received.length; judged++) {
            const got = world.received[judged];
            invariant(got !== undefined, 'there is one');
            if (stateOf(got.bytes) === got.state && got.record === honest.record && got.round === 32)
              return true;
            world.client.markWrong(got.from);
            world.client.start();
          }
          return false;
        };
        world.client.start();
        for (const one of steps) {
          if (one.do === 'advance' && world.until(isDone, one.ms) !== undefined) return;
          if (one.do === 'up' && !world.isUp(one.n)) world.up(one.n);
          if (one.do === 'down') world.down(one.n);
          if (one.do === 'restart') world.client.start();
        }
        if (!world.isUp(0)) world.up(0);
        expect(world.until(isDone, 120_000)).toBeDefined();
        const whole = world.received.at(-1);
        expect(Buffer.compare(whole?.bytes ?? new Uint8Array(), honest.bytes)).toBe(0);
      },
    ),
    { numRuns: fuzzRounds(60), seed: 1 },
  );
});
