import { describe, expect, it, vi } from 'vitest';
import type { Bytes } from '../base/bytes.ts';
import { ManualClock, realClock, type Clock } from '../base/clock.ts';
import type { PeerId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { testTransportContract } from '../testing/transport-contract.ts';
import { createIdentity, webCrypto, type Identity } from './identity.ts';
import type { Signaling } from './signaling-client.ts';
import type { TransportEvent } from './transport.ts';
import { WebRtcTransport } from './webrtc-transport.ts';
import { highWaterBytes, queueLimitBytes } from './webrtc-transport-link.ts';
import { unprovenPeer } from './webrtc-transport-mesh.ts';
import { decodeSignal, encodeSignal, type MeshSignal } from './webrtc-transport-signals.ts';
import type { OpenWire, Wire, WireHandlers, WireSignalBody } from './webrtc-transport-wire.ts';

/** Topics in one process. Everything said is kept, as a server could. */
class Board {
  readonly said: { topic: string; data: unknown }[] = [];
  readonly #listeners = new Map<string, Set<(data: unknown) => void>>();
  /** What becomes of a publish; a test can drop or change it. */
  pass: (data: unknown) => unknown = (data) => data;

  client(): Signaling {
    return {
      subscribe: (topic, listener) => {
        const listeners = this.#listeners.get(topic) ?? new Set();
        this.#listeners.set(topic, listeners.add(listener));
        return () => listeners.delete(listener);
      },
      publish: (topic, data) => this.publish(topic, data),
      onConnected: (listener) => {
        listener();
        return () => undefined;
      },
    };
  }

  publish(topic: string, data: unknown): void {
    this.said.push({ topic, data });
    const passed = this.pass(data);
    if (passed === undefined) return;
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) {
      queueMicrotask(() => listener(JSON.parse(JSON.stringify(passed))));
    }
  }
}

/** Connections in one process that open as WebRTC's do: offer, answer, then one candidate each way. */
class FakeRtc {
  readonly wires: FakeWire[] = [];
  readonly open: OpenWire = (initiator, handlers) => {
    const wire = new FakeWire(this, this.wires.length, initiator, handlers);
    this.wires.push(wire);
    return wire;
  };
}

class FakeWire implements Wire {
  readonly #rtc: FakeRtc;
  readonly #index: number;
  readonly handlers: WireHandlers;
  other: FakeWire | undefined;
  isOpen = false;
  closed = false;
  /** While true nothing leaves: what is sent stays in `bufferedAmount`. */
  stuck = false;
  bufferedAmount = 0;
  readonly #held: Bytes[] = [];
  #up = 0;
  #down = 0;

  constructor(rtc: FakeRtc, index: number, initiator: boolean, handlers: WireHandlers) {
    this.#rtc = rtc;
    this.#index = index;
    this.handlers = handlers;
    if (initiator) queueMicrotask(() => handlers.signal({ kind: 'offer', sdp: `fake ${index}` }));
  }

  signal(body: WireSignalBody): void {
    if (body.kind === 'candidate') {
      if (body.candidate === 'nonsense') throw new TypeError('not a candidate');
      this.other?.up();
      this.up();
      return;
    }
    const other = this.#rtc.wires[Number(/^fake (\d+)$/.exec(body.sdp)?.[1])];
    if (other === undefined) {
      queueMicrotask(() => this.close());
      return;
    }
    this.other = other;
    const candidate = { candidate: 'here', sdpMid: '0', sdpMLineIndex: 0 };
    if (body.kind === 'offer')
      queueMicrotask(() => this.handlers.signal({ kind: 'answer', sdp: `fake ${this.#index}` }));
    queueMicrotask(() => this.handlers.signal({ kind: 'candidate', ...candidate }));
  }

  up(): void {
    if (this.isOpen || this.closed || this.other?.other !== this) return;
    this.isOpen = true;
    setImmediate(() => {
      if (!this.closed) this.handlers.open();
    });
  }

  send(frame: Bytes): void {
    if (!this.isOpen || this.closed) throw new Error('not open');
    this.#up += frame.length;
    if (this.stuck) {
      this.bufferedAmount += frame.length;
      this.#held.push(frame);
    } else this.#deliver(frame);
  }

  release(): void {
    this.stuck = false;
    this.bufferedAmount = 0;
    for (const frame of this.#held.splice(0)) this.#deliver(frame);
    this.handlers.low();
  }

  #deliver(frame: Bytes): void {
    setImmediate(() => {
      if (this.other === undefined || this.other.closed) return;
      this.other.#down += frame.length;
      this.other.handlers.frame(frame);
    });
  }

  stats = () => Promise.resolve({ bytesUp: this.#up, bytesDown: this.#down, rttMs: 3 });

  finish(): void {
    setImmediate(() => this.close());
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    setImmediate(() => {
      this.other?.close();
      this.handlers.closed();
    });
  }
}

interface World {
  readonly board: Board;
  readonly rtc: FakeRtc;
  readonly clock: Clock;
}

const newWorld = (clock: Clock = realClock): World => ({ board: new Board(), rtc: new FakeRtc(), clock });

function join({ board, rtc, clock }: World, signer: Identity, seed: number): WebRtcTransport {
  return new WebRtcTransport({
    signer,
    room: 'test',
    signaling: board.client(),
    clock,
    random: new SeededRandom(seed),
    openWire: rtc.open,
  });
}

/** Identities sorted by id: the first initiates. */
async function identities(count: number): Promise<Identity[]> {
  const made = await Promise.all(Array.from({ length: count }, () => createIdentity()));
  return made.sort((a, b) => (a.id < b.id ? -1 : 1));
}

testTransportContract('the WebRTC transport (over fake connections)', async (count) => {
  const world = newWorld();
  const transports = (await identities(count)).map((signer, index) => join(world, signer, index));
  return {
    transports,
    close: () => {
      for (const transport of transports) transport.close();
    },
  };
});

function record(transport: WebRtcTransport): TransportEvent[] {
  const events: TransportEvent[] = [];
  transport.listen((event) => events.push(event));
  return events;
}

async function connectedPair(world: World) {
  const [first, second] = (await identities(2)) as [Identity, Identity];
  const [a, b] = [join(world, first, 1), join(world, second, 2)];
  const [heardA, heardB] = [record(a), record(b)];
  await vi.waitFor(() => expect([a.peers(), b.peers()]).toEqual([[second.id], [first.id]]));
  return { first, second, a, b, heardA, heardB };
}

const rejections = (events: readonly TransportEvent[]) =>
  events.flatMap((event) => (event.kind === 'rejected' ? [`${event.reason} ${event.peer}`] : []));

describe('the WebRTC transport', () => {
  it('lets the smaller id initiate, whoever came first', async () => {
    for (const order of [0, 1]) {
      const world = newWorld();
      const pair = (await identities(2)) as [Identity, Identity];
      const early = join(world, order === 0 ? pair[0] : pair[1], 1);
      await vi.waitFor(() => expect(world.board.said).toHaveLength(1));
      const late = join(world, order === 0 ? pair[1] : pair[0], 2);
      await vi.waitFor(() => expect([early.peers().length, late.peers().length]).toEqual([1, 1]));
      expect(world.rtc.wires).toHaveLength(2);
      early.close();
      late.close();
    }
  });

  it('connects again when a link fails, and says so at both ends', async () => {
    const clock = new ManualClock();
    const world = newWorld(clock);
    const { a, b, heardA, heardB } = await connectedPair(world);
    world.rtc.wires[0]?.close();
    await vi.waitFor(() => expect([a.peers(), b.peers()]).toEqual([[], []]));
    await vi.waitFor(() => {
      clock.advance(500);
      expect([a.peers().length, b.peers().length]).toEqual([1, 1]);
    });
    for (const heard of [heardA, heardB])
      expect(heard.map(({ kind }) => kind)).toEqual(['peer-up', 'peer-down', 'peer-up']);
    a.close();
    b.close();
  });

  it('connects again when only the other side saw the link fail', async () => {
    const clock = new ManualClock();
    const world = newWorld(clock);
    const { a, b, heardA } = await connectedPair(world);
    const [wireA, wireB] = world.rtc.wires;
    if (wireB !== undefined) wireB.other = undefined; // what B closes, A never learns
    expect(wireA?.isOpen).toBe(true);
    wireB?.close();
    await vi.waitFor(() => expect(b.peers()).toEqual([]));
    expect(a.peers()).toHaveLength(1);
    await vi.waitFor(() => {
      clock.advance(500);
      expect(b.peers()).toHaveLength(1);
    });
    await vi.waitFor(() =>
      expect(heardA.map(({ kind }) => kind)).toEqual(['peer-up', 'peer-down', 'peer-up']),
    );
    a.close();
    b.close();
  });

  it('replaces the link of a peer that reloaded, without waiting for the old one to fail', async () => {
    const world = newWorld();
    const { second, a, b, heardA } = await connectedPair(world);
    const [, wireB] = world.rtc.wires;
    if (wireB !== undefined) wireB.closed = true; // the page went without a word
    const reloaded = join(world, second, 99);
    await vi.waitFor(() =>
      expect(heardA.map(({ kind }) => kind)).toEqual(['peer-up', 'peer-down', 'peer-up']),
    );
    await vi.waitFor(() => expect(reloaded.peers()).toHaveLength(1));
    for (const transport of [a, b, reloaded]) transport.close();
  });

  it('hands the channel at most 4 MiB, queues the rest, and answers full beyond 64 MiB more', async () => {
    const world = newWorld();
    const { second, a, b, heardB } = await connectedPair(world);
    const wire = world.rtc.wires[0];
    wire.stuck = true;
    const message = new Uint8Array(6 << 20).fill(7);
    expect(a.send(second.id, message)).toBe('queued');
    expect(wire.bufferedAmount).toBeGreaterThanOrEqual(highWaterBytes);
    expect(wire.bufferedAmount).toBeLessThan(highWaterBytes + 65_537);
    message.fill(9); // what waits was copied
    let queued = 1;
    while (a.send(second.id, message) === 'queued') queued++;
    expect(queued * message.length).toBeLessThanOrEqual(queueLimitBytes + highWaterBytes + message.length);
    expect(queued * message.length).toBeGreaterThan(queueLimitBytes - message.length);
    const released = setInterval(() => {
      wire.release();
    }, 1);
    const messages = () => heardB.flatMap((event) => (event.kind === 'message' ? [event.bytes] : []));
    await vi.waitFor(() => expect(messages()).toHaveLength(queued), { timeout: 20_000 });
    clearInterval(released);
    expect(messages()[0]?.every((byte) => byte === 7)).toBe(true);
    a.close();
    b.close();
  });

  it('keeps the byte counts of links that closed', async () => {
    const world = newWorld();
    const { first, second, a, b } = await connectedPair(world);
    a.send(second.id, new Uint8Array(5000));
    await vi.waitFor(async () => expect((await b.stats()).bytesDown).toBe(5001));
    b.send(first.id, new Uint8Array(70_000));
    await vi.waitFor(async () => expect((await a.stats()).bytesDown).toBe(70_006));
    const stats = async () => {
      const { bytesUp, bytesDown } = await a.stats();
      const other = await b.stats();
      return [bytesUp, bytesDown, other.bytesUp, other.bytesDown];
    };
    const before = await stats();
    expect((await a.stats()).links).toMatchObject([{ peer: second.id, bytesDown: 70_006, rttMs: 3 }]);
    world.rtc.wires[0]?.close();
    await vi.waitFor(() => expect([...a.peers(), ...b.peers()]).toEqual([]));
    expect(await stats()).toEqual(before);
    a.close();
    b.close();
    expect(await stats()).toEqual(before);
  });

  it('still delivers what was sent just before it closed', async () => {
    const world = newWorld();
    const { second, a, b, heardB } = await connectedPair(world);
    a.send(second.id, new Uint8Array([1, 2, 3]));
    a.close();
    await vi.waitFor(() => expect(heardB.at(-1)?.kind).toBe('peer-down'));
    expect(heardB.map(({ kind }) => kind)).toEqual(['peer-up', 'message', 'peer-down']);
    b.close();
  });

  it('rejects frames that are no message, and goes on', async () => {
    const world = newWorld();
    const { first, second, a, b, heardB } = await connectedPair(world);
    world.rtc.wires[1]?.handlers.frame(new Uint8Array([77, 1, 2]));
    a.send(second.id, new Uint8Array([5]));
    await vi.waitFor(() => expect(heardB.at(-1)?.kind).toBe('message'));
    expect(rejections(heardB)).toEqual([`frame-unknown-flag ${first.id}`]);
    a.close();
    b.close();
  });

  it('rejects whatever is published to its room that is not a signed signal', async () => {
    const world = newWorld();
    const [one] = (await identities(1)) as [Identity];
    const transport = join(world, one, 1);
    const heard = record(transport);
    const nonsense: unknown[] = [
      null,
      1,
      'announce',
      [],
      {},
      { starling: 1, key: '', signature: '', payload: '' },
      { starling: 1, key: 'g'.repeat(64), signature: 'a'.repeat(128), payload: '{}' },
      { starling: 1, key: 'a'.repeat(64), signature: 'a'.repeat(128), payload: '{' },
      { type: 'announce', from: 'a stock client' },
    ];
    for (const data of nonsense) world.board.publish('starling/mesh/test', data);
    await vi.waitFor(() => expect(rejections(heard)).toHaveLength(nonsense.length));
    expect(new Set(rejections(heard))).toEqual(new Set([`signal-wrong-shape ${unprovenPeer}`]));
    transport.close();
  });

  it('never connects through a server that changes the SDP', async () => {
    const world = newWorld();
    world.board.pass = (data) => {
      const { payload } = data as { payload: string };
      return { ...(data as object), payload: payload.replace('fake', 'fake 9 instead of') };
    };
    const [first, second] = (await identities(2)) as [Identity, Identity];
    const [a, b] = [join(world, first, 1), join(world, second, 2)];
    const heardB = record(b);
    record(a);
    await vi.waitFor(() => expect(rejections(heardB)).toContain(`signal-bad-signature ${unprovenPeer}`));
    expect([...a.peers(), ...b.peers()]).toEqual([]);
    a.close();
    b.close();
  });

  it('takes an offer once: played back, in the same session or after a reload, it opens nothing', async () => {
    const world = newWorld();
    const { first, second, a, b } = await connectedPair(world);
    const offers = world.board.said.filter(({ data }) => JSON.stringify(data).includes('\\"offer\\"'));
    expect(offers).toHaveLength(1);
    for (const { topic, data } of offers) world.board.publish(topic, data);
    const wires = world.rtc.wires.length;
    b.close();
    const reloaded = join(world, second, 77);
    await vi.waitFor(() => expect(reloaded.peers()).toEqual([first.id]));
    for (const { topic, data } of offers) world.board.publish(topic, data);
    const quiet = join(world, (await identities(1))[0], 78);
    await vi.waitFor(() => expect(quiet.peers()).toHaveLength(2));
    // One pair for the reload, two for the newcomer, none for what was played back.
    expect(world.rtc.wires.length).toBe(wires + 2 + 4);
    for (const transport of [a, reloaded, quiet]) transport.close();
  });

  it('connects again at once though an announce of an earlier session was played back in between', async () => {
    const clock = new ManualClock();
    const world = newWorld(clock);
    const [first, second] = (await identities(2)) as [Identity, Identity];
    const a = join(world, first, 1);
    const heardA = record(a);
    const early = join(world, second, 2);
    await vi.waitFor(() => expect(early.peers()).toEqual([first.id]));
    early.close();
    const ofEarly: unknown[] = [];
    for (const { data } of world.board.said) {
      const signal = await decodeSignal(data, 'test', first.id, webCrypto);
      if (signal.ok && signal.value?.from === second.id && signal.value.body.kind === 'announce')
        ofEarly.push(data);
    }
    expect(ofEarly.length).toBeGreaterThan(0);
    const late = join(world, second, 3);
    await vi.waitFor(() => expect(late.peers()).toEqual([first.id]));
    const wires = world.rtc.wires.length;
    world.board.publish('starling/mesh/test', ofEarly[0]);
    // What was played back makes us offer a connection that nobody takes.
    await vi.waitFor(() => expect(world.rtc.wires.length).toBe(wires + 1));
    expect(a.peers()).toEqual([second.id]);
    clock.advance(20_000); // it is given up, and the next announce comes by then or soon
    world.rtc.wires[wires - 1]?.close();
    const ups = () => heardA.filter(({ kind }) => kind === 'peer-up').length;
    const before = ups();
    const since = clock.now();
    await vi.waitFor(() => {
      clock.advance(250);
      expect(ups()).toBe(before + 1);
    });
    expect(clock.now() - since).toBeLessThan(15_000);
    for (const transport of [a, late]) transport.close();
  });

  it('forgives two servers that both forward everything', async () => {
    const world = newWorld();
    const publish = world.board.publish.bind(world.board);
    world.board.publish = (topic, data) => {
      publish(topic, data);
      publish(topic, data);
    };
    const { a, b, heardA, heardB } = await connectedPair(world);
    expect([...rejections(heardA), ...rejections(heardB)]).toEqual([]);
    expect(world.rtc.wires).toHaveLength(2);
    a.close();
    b.close();
  });

  it('rejects a candidate that WebRTC does not take, and an offer from the side that must not make one', async () => {
    const world = newWorld();
    const { first, second, a, b, heardA } = await connectedPair(world);
    const sessionOf = async (id: PeerId): Promise<string> => {
      for (const { data } of world.board.said) {
        const signal = await decodeSignal(data, 'test', first.id, webCrypto);
        if (signal.ok && signal.value?.from === id) return signal.value.session;
      }
      throw new Error('never heard of');
    };
    const to = { peer: first.id, session: await sessionOf(first.id) };
    const say = async (body: MeshSignal['body']) => {
      const session = await sessionOf(second.id);
      world.board.publish(
        `starling/mesh/test/${first.id}`,
        await encodeSignal({ session, to, body }, 'test', second),
      );
    };
    await say({ kind: 'offer', link: 9, sdp: 'fake 0' });
    await say({ kind: 'candidate', link: 1, candidate: 'nonsense', sdpMid: null, sdpMLineIndex: null });
    await vi.waitFor(() =>
      expect(rejections(heardA)).toEqual([
        `signal-offer-from-the-wrong-side ${second.id}`,
        `signal-refused-by-webrtc ${second.id}`,
      ]),
    );
    expect(a.peers()).toEqual([second.id]);
    a.close();
    b.close();
  });

  it('ends up without a peer, and without an exception, where there is no WebRTC', async () => {
    const clock = new ManualClock();
    const world = newWorld(clock);
    const [first, second] = (await identities(2)) as [Identity, Identity];
    let tries = 0;
    const a = new WebRtcTransport({
      signer: first,
      room: 'test',
      signaling: world.board.client(),
      clock,
      random: new SeededRandom(1),
      openWire: () => {
        tries++;
        throw new Error('No WebRTC support');
      },
    });
    const b = join(world, second, 2);
    await vi.waitFor(() => {
      clock.advance(500);
      expect(tries).toBeGreaterThan(1);
    });
    expect(a.peers()).toEqual([]);
    a.close();
    b.close();
  });
});
