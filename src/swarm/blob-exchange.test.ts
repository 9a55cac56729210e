import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../base/bytes.ts';
import { ManualClock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { BlobClient } from './blob-client.ts';
import { decodeBlobMessage, encodeBlobMessage, type BlobMessage } from './blob-codec.ts';
import { BlobExchange } from './blob-exchange.ts';
import { MemoryNetwork, type MemoryNetworkOptions } from './memory-transport.ts';
import type { TransportEvent } from './transport.ts';

const id = (n: number): PeerId => n.toString(16).padStart(32, '0') as PeerId;
const sha256 = (bytes: Bytes): Bytes => new Uint8Array(createHash('sha256').update(bytes).digest());
const digestOf = (bytes: Bytes): Digest => createHash('sha256').update(bytes).digest('hex') as Digest;

function blobs(seed: number, count: number, length = 1_000): Map<Digest, Bytes> {
  const random = new SeededRandom(seed);
  const made = Array.from({ length: count }, () =>
    Uint8Array.from({ length: 1 + random.below(length) }, () => random.below(256)),
  );
  return new Map(made.map((bytes) => [digestOf(bytes), bytes]));
}

class World {
  readonly clock = new ManualClock();
  readonly network: MemoryNetwork;
  /** What each peer's swarm heard. */
  readonly heard = new Map<PeerId, TransportEvent[]>();

  constructor(seed: number, options: Partial<MemoryNetworkOptions> = {}) {
    const random = new SeededRandom(seed);
    this.network = new MemoryNetwork({ clock: this.clock, random, delayMs: [1, 60], ...options });
  }

  peer(n: number, held: ReadonlyMap<Digest, Bytes> = new Map(), listens = true): BlobExchange {
    const transport = this.network.create(id(n));
    const exchange = new BlobExchange({
      ...{ transport, clock: this.clock, sha256 },
      held: (digest) => held.get(digest),
    });
    const heard: TransportEvent[] = [];
    this.heard.set(id(n), heard);
    if (listens) exchange.transport.listen((event) => heard.push(event));
    return exchange;
  }

  /** A peer that does what it wants with each message of the exchange. */
  rogue(n: number, answer: (message: BlobMessage, reply: (bytes: Bytes) => void) => void): void {
    const transport = this.network.create(id(n));
    transport.listen((event) => {
      if (event.kind !== 'message') return;
      const decoded = decodeBlobMessage(event.bytes);
      if (decoded.ok) answer(decoded.value, (bytes) => transport.send(event.peer, bytes));
    });
  }

  rejections(n: number): string[] {
    return (this.heard.get(id(n)) ?? []).flatMap((event) =>
      event.kind === 'rejected' ? [event.reason] : [],
    );
  }

  /** Moves time until all are settled; how long it took, and what came of each. */
  async settle<T>(promises: readonly Promise<T>[], mostMs = 120_000): Promise<PromiseSettledResult<T>[]> {
    let results: PromiseSettledResult<T>[] | undefined;
    void Promise.allSettled(promises).then((all) => {
      results = all;
    });
    for (let ms = 0; results === undefined && ms < mostMs; ms += 20) {
      this.clock.advance(20);
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (results === undefined) throw new Error(`not settled in ${mostMs} ms`);
    return results;
  }
}

const fetchAll = (exchange: BlobExchange, wanted: ReadonlyMap<Digest, Bytes>): Promise<Bytes>[] =>
  [...wanted].map(([digest, bytes]) => exchange.fetch(digest, bytes.length));

const values = (results: readonly PromiseSettledResult<Bytes>[]): (Bytes | undefined)[] =>
  results.map((result) => (result.status === 'fulfilled' ? result.value : undefined));

describe('blobs over the links of a swarm', () => {
  it('come from the peers that have them, and the swarm hears nothing of it (seed 1)', async () => {
    const world = new World(1);
    const wanted = blobs(1, 40);
    const halves = [0, 1].map((half) => new Map([...wanted].filter((_, i) => i % 2 === half)));
    world.peer(1, halves[0]);
    world.peer(2, halves[1]);
    const taker = world.peer(3);
    expect(values(await world.settle(fetchAll(taker, wanted)))).toEqual([...wanted.values()]);
    for (const [, events] of world.heard) expect(events.filter(({ kind }) => kind !== 'peer-up')).toEqual([]);
  });

  it('are waited for until somebody is there', async () => {
    const world = new World(2);
    const wanted = blobs(2, 1);
    const taker = world.peer(1);
    const got = fetchAll(taker, wanted);
    world.clock.advance(40_000);
    world.peer(2, wanted);
    expect(values(await world.settle(got))).toEqual([...wanted.values()]);
  });

  it('are given up after a minute without any, with a word of what to do', async () => {
    const world = new World(3);
    world.peer(1);
    const taker = world.peer(2);
    const [result] = await world.settle(fetchAll(taker, blobs(3, 1)));
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'blob-nowhere' } });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'arrive among liars, silent peers and broken links (seed %i)',
    async (seed) => {
      const world = new World(seed, { linkLoss: 0.01, relinkMs: 300 });
      const wanted = blobs(seed, 60);
      world.peer(1, wanted);
      world.peer(2, wanted);
      const answers: ((message: BlobMessage, reply: (bytes: Bytes) => void) => void)[] = [
        ({ digest }, reply) => reply(encodeBlobMessage({ kind: 'blob', digest, bytes: Uint8Array.of(7) })),
        ({ digest }, reply) =>
          reply(
            encodeBlobMessage({
              kind: 'blob',
              digest,
              bytes: (wanted.get(digest) ?? Uint8Array.of(1)).map((byte) => byte ^ 1),
            }),
          ),
        () => undefined,
        ({ digest }, reply) => {
          reply(encodeBlobMessage({ kind: 'no-blob', digest }));
          reply(encodeBlobMessage({ kind: 'no-blob', digest }));
        },
      ];
      answers.forEach((answer, i) => {
        world.rogue(10 + i, answer);
      });
      const taker = world.peer(3);
      expect(values(await world.settle(fetchAll(taker, wanted)))).toEqual([...wanted.values()]);
      const reasons = new Set(world.rejections(3));
      expect(reasons).toContain('blob-wrong-length');
      expect(reasons).toContain('blob-wrong-hash');
      expect(reasons).toContain('no-blob-unasked');
    },
  );

  it('go on coming when the peer that gave them leaves midway (seed 5)', async () => {
    const world = new World(5);
    const wanted = blobs(5, 80);
    world.peer(1, wanted);
    world.peer(2, wanted);
    const taker = world.peer(3);
    const got = fetchAll(taker, wanted);
    world.clock.advance(400);
    world.network.vanish(id(1));
    expect(values(await world.settle(got))).toEqual([...wanted.values()]);
  });

  it('are handed on by who has fetched them, when their first holder is gone', async () => {
    const world = new World(6);
    const wanted = blobs(6, 10);
    world.peer(1, wanted);
    const kept = new Map<Digest, Bytes>();
    const second = world.peer(2, kept);
    for (const bytes of values(await world.settle(fetchAll(second, wanted))))
      if (bytes !== undefined) kept.set(digestOf(bytes), bytes);
    world.network.vanish(id(1));
    const third = world.peer(3);
    expect(values(await world.settle(fetchAll(third, wanted)))).toEqual([...wanted.values()]);
  });

  it('are refused unasked, and a flood of requests is cut off', async () => {
    const world = new World(7);
    const wanted = blobs(7, 1);
    const [[digest, bytes] = []] = [...wanted];
    const server = world.peer(1, wanted);
    const flooder = world.network.create(id(2));
    let given = 0;
    flooder.listen((event) => {
      if (event.kind === 'message') given++;
    });
    world.clock.advance(200);
    if (digest === undefined || bytes === undefined) throw new Error('one blob');
    flooder.send(server.transport.self, encodeBlobMessage({ kind: 'blob', digest, bytes }));
    for (let i = 0; i < 100; i++) {
      for (let n = 0; n < 50; n++)
        flooder.send(server.transport.self, encodeBlobMessage({ kind: 'want-blob', digest }));
      world.clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Ten seconds: a first burst of 8 and 16 a second.
    expect(given).toBeLessThanOrEqual(8 + 16 * 11);
    expect(given).toBeGreaterThan(100);
    const reasons = world.rejections(1);
    expect(reasons).toContain('blob-unasked');
    expect(reasons.filter((reason) => reason === 'want-blob-too-often').length).toBeGreaterThan(4_000);
  });

  it('leave the messages of the swarm in order, and only so many wait for it to begin', () => {
    const world = new World(8, { delayMs: [1, 5] });
    const taker = world.peer(1, new Map(), false);
    const talker = world.network.create(id(2));
    world.clock.advance(50);
    const megabyte = (n: number): Bytes => new Uint8Array(1 << 20).fill(n);
    for (let n = 1; n <= 6; n++) talker.send(taker.transport.self, megabyte(n));
    world.clock.advance(50);
    const heard: TransportEvent[] = [];
    taker.transport.listen((event) => heard.push(event));
    return Promise.resolve().then(() => {
      expect(heard.map((event) => (event.kind === 'message' ? event.bytes[0] : event.kind))).toEqual([
        'peer-up',
        1,
        2,
        3,
        4,
        'rejected',
      ]);
      expect(heard.at(-1)).toMatchObject({ reason: 'early-too-much', times: 2 });
      talker.send(taker.transport.self, megabyte(9));
      world.clock.advance(50);
      return Promise.resolve().then(() => expect(heard.at(-1)).toMatchObject({ kind: 'message' }));
    });
  });

  it('leave one refusal of a flood before the swarm begins', async () => {
    const world = new World(10);
    const taker = world.peer(1, new Map(), false);
    const flooder = world.network.create(id(2));
    world.clock.advance(200);
    const [digest = '' as Digest] = blobs(10, 1).keys();
    for (let i = 0; i < 1_000; i++)
      flooder.send(taker.transport.self, encodeBlobMessage({ kind: 'no-blob', digest }));
    world.clock.advance(200);
    const heard: TransportEvent[] = [];
    taker.transport.listen((event) => heard.push(event));
    await Promise.resolve();
    expect(heard.slice(1)).toEqual([
      { kind: 'rejected', peer: id(2), reason: 'no-blob-unasked', times: 1_000 },
    ]);
  });

  it('are not asked of a liar that left before its lie was found', async () => {
    const clock = new ManualClock();
    const asked: PeerId[] = [];
    let hashed: (hash: Bytes) => void = () => undefined;
    const client = new BlobClient({
      ...{ clock, peers: () => [id(1)], send: (to) => asked.push(to) },
      sha256: () => new Promise((resolve) => (hashed = resolve)),
    });
    const [digest = '' as Digest] = blobs(11, 1).keys();
    client.fetch(digest, 3).catch(() => undefined);
    const verdict = client.take(id(1), digest, Uint8Array.of(1, 2, 3));
    client.peerDown(id(1));
    expect(asked).toHaveLength(2);
    hashed(new Uint8Array(32));
    expect(await verdict).toEqual({ rejected: 'blob-wrong-hash' });
    client.peerDown(id(1));
    clock.advance(30_000);
    expect(asked).toHaveLength(2);
    client.close();
  });

  it('end with the transport', async () => {
    const world = new World(9);
    const taker = world.peer(1);
    const [want] = fetchAll(taker, blobs(9, 1));
    taker.transport.close();
    await expect(want).rejects.toMatchObject({ code: 'blob-closed' });
    await expect(fetchAll(taker, blobs(9, 1))[0]).rejects.toMatchObject({ code: 'blob-closed' });
  });
});
