import { afterEach, describe, expect, test } from 'vitest';
import type { Bytes } from '../base/bytes.ts';
import type { PeerId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import type { Transport, TransportEvent } from '../swarm/transport.ts';

/** Transports that are connecting, or will connect, each to each. */
export interface TransportMesh {
  readonly transports: readonly Transport[];
  /** Called again and again while a test waits: moves a manual clock. A real transport needs none. */
  readonly pump?: () => void;
  close(): Promise<void> | void;
}

/** Makes `count` transports that find each other. */
export type MakeMesh = (count: number) => Promise<TransportMesh> | TransportMesh;

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** All that one transport told its listener. */
class Recorder {
  readonly transport: Transport;
  readonly events: TransportEvent[] = [];
  #wake: (() => void) | undefined;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.listen((event) => {
      this.events.push(event);
      this.#wake?.();
    });
  }

  get messages(): Bytes[] {
    return this.events.flatMap((event) => (event.kind === 'message' ? [event.bytes] : []));
  }

  messagesFrom(peer: PeerId): Bytes[] {
    return this.events.flatMap((event) =>
      event.kind === 'message' && event.peer === peer ? [event.bytes] : [],
    );
  }

  has(kind: TransportEvent['kind'], peer: PeerId): boolean {
    return this.events.some((event) => event.kind === kind && event.peer === peer);
  }

  async until(mesh: TransportMesh, condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (mesh.pump !== undefined) {
        mesh.pump();
        await nextTurn();
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }
}

/**
 * The promises of src/swarm/transport.ts, as tests that every implementation runs. Besides those in its comment: `send`
 * leaves the caller's bytes as they were, so one buffer can go to many peers.
 */
export function testTransportContract(name: string, make: MakeMesh): void {
  describe(`${name} keeps the transport contract`, () => {
    let mesh: TransportMesh;
    afterEach(async () => mesh.close());

    const open = async (count: number): Promise<Recorder[]> => {
      mesh = await make(count);
      expect(mesh.transports.length).toBe(count);
      const recorders = mesh.transports.map((transport) => new Recorder(transport));
      for (const one of recorders) {
        await one.until(
          mesh,
          () => one.transport.peers().length === count - 1 && one.events.length >= count - 1,
        );
      }
      return recorders;
    };
    const openTwo = async (): Promise<[Recorder, Recorder]> => (await open(2)) as [Recorder, Recorder];

    test('peers are told of each other, and name each other rightly', async () => {
      const all = await open(3);
      const ids = all.map((one) => one.transport.self);
      expect(new Set(ids).size).toBe(3);
      for (const one of all) {
        const others = ids.filter((id) => id !== one.transport.self).sort();
        expect([...one.transport.peers()].sort()).toEqual(others);
        for (const id of others) expect(one.has('peer-up', id)).toBe(true);
      }
    });

    test('messages of any size arrive whole, once and in the order sent, both ways', async () => {
      const [a, b] = await openTwo();
      const random = new SeededRandom(7);
      const sizes = [
        0,
        1,
        577,
        65_534,
        65_535,
        65_536,
        200_003,
        1_048_579,
        3,
        ...Array<number>(200).fill(20),
      ];
      const sent = sizes.map((size) => {
        const word = random.u32();
        return Uint8Array.from({ length: size }, (_, i) => (word + i * 31) & 255);
      });
      for (const message of sent) {
        expect(a.transport.send(b.transport.self, message)).toBe('queued');
        expect(b.transport.send(a.transport.self, message)).toBe('queued');
      }
      await b.until(mesh, () => b.messages.length >= sent.length);
      await a.until(mesh, () => a.messages.length >= sent.length);
      for (const one of [a, b]) {
        expect(one.messages.length).toBe(sent.length);
        one.messages.forEach((message, i) => {
          expect(Buffer.compare(message, sent[i]), `message ${i} differs`).toBe(0);
        });
      }
    });

    test('a message reaches the peer it was sent to and nobody else', async () => {
      const [a, b, c] = (await open(3)) as [Recorder, Recorder, Recorder];
      a.transport.send(b.transport.self, new Uint8Array([1]));
      a.transport.send(c.transport.self, new Uint8Array([2]));
      await b.until(mesh, () => b.messages.length > 0);
      await c.until(mesh, () => c.messages.length > 0);
      expect(b.messagesFrom(a.transport.self)).toEqual([new Uint8Array([1])]);
      expect(c.messagesFrom(a.transport.self)).toEqual([new Uint8Array([2])]);
      expect(a.messages).toEqual([]);
    });

    test('sending leaves the bytes as they were, so that one buffer goes to many', async () => {
      const [a, b, c] = (await open(3)) as [Recorder, Recorder, Recorder];
      const message = Uint8Array.from({ length: 100_000 }, (_, i) => i & 255);
      a.transport.send(b.transport.self, message);
      expect(message.length).toBe(100_000);
      a.transport.send(c.transport.self, message);
      await b.until(mesh, () => b.messages.length > 0);
      await c.until(mesh, () => c.messages.length > 0);
      expect(Buffer.compare(b.messages[0], message)).toBe(0);
      expect(Buffer.compare(c.messages[0], message)).toBe(0);
    });

    test('peer-up comes before the first message', async () => {
      const [a, b] = await openTwo();
      a.transport.send(b.transport.self, new Uint8Array([1]));
      await b.until(mesh, () => b.messages.length > 0);
      const kinds = b.events.map((event) => event.kind);
      expect(kinds.indexOf('peer-up')).toBeLessThan(kinds.indexOf('message'));
    });

    test('events wait for the listener, and none is delivered from inside a call', async () => {
      mesh = await make(2);
      const [first, second] = mesh.transports as [Transport, Transport];
      const a = new Recorder(first);
      await a.until(mesh, () => a.has('peer-up', second.self));
      first.send(second.self, new Uint8Array([9]));
      let inside = true;
      let deliveredInside = false;
      const kinds: string[] = [];
      let wake = (): void => undefined;
      second.listen((event) => {
        deliveredInside ||= inside;
        kinds.push(event.kind);
        wake();
      });
      inside = false;
      while (!kinds.includes('message')) {
        mesh.pump?.();
        if (mesh.pump === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else await nextTurn();
      }
      expect(deliveredInside).toBe(false);
      expect(kinds.slice(0, 2)).toEqual(['peer-up', 'message']);
    });

    test('a peer that is not there is gone', async () => {
      const [a] = await openTwo();
      expect(a.transport.send('0'.repeat(32) as PeerId, new Uint8Array([1]))).toBe('gone');
      expect(a.transport.send(a.transport.self, new Uint8Array([1]))).toBe('gone');
    });

    test('after close the others see peer-down last, and the closed one is silent', async () => {
      const [a, b] = await openTwo();
      b.transport.send(a.transport.self, new Uint8Array([1]));
      await a.until(mesh, () => a.messages.length > 0);
      const heard = b.events.length;
      b.transport.close();
      expect(b.transport.peers()).toEqual([]);
      expect(b.transport.send(a.transport.self, new Uint8Array([2]))).toBe('gone');
      await a.until(mesh, () => a.has('peer-down', b.transport.self));
      expect(a.events.at(-1)).toEqual({ kind: 'peer-down', peer: b.transport.self });
      expect(a.transport.peers()).toEqual([]);
      expect(a.transport.send(b.transport.self, new Uint8Array([3]))).toBe('gone');
      expect(b.events.length).toBe(heard);
      b.transport.close(); // twice is harmless
    });

    test('stats count at least the bytes of the messages', async () => {
      const [a, b] = await openTwo();
      a.transport.send(b.transport.self, new Uint8Array(5_000));
      await b.until(mesh, () => b.messages.length > 0);
      expect((await a.transport.stats()).bytesUp).toBeGreaterThanOrEqual(5_000);
      expect((await b.transport.stats()).bytesDown).toBeGreaterThanOrEqual(5_000);
    });

    test('what this end counted is there at once, only grows, and stays when a link goes', async () => {
      const [a, b] = await openTwo();
      const before = [a.transport.counted().bytesUp, b.transport.counted().bytesDown];
      a.transport.send(b.transport.self, new Uint8Array(5_000));
      await b.until(mesh, () => b.messages.length > 0);
      const after = [a.transport.counted().bytesUp, b.transport.counted().bytesDown];
      for (const [i, bytes] of after.entries()) {
        expect(bytes - before[i]).toBeGreaterThanOrEqual(5_000);
        expect(bytes - before[i]).toBeLessThan(6_000);
      }
      b.transport.close();
      await a.until(mesh, () => a.has('peer-down', b.transport.self));
      expect(a.transport.counted().bytesUp).toBeGreaterThanOrEqual(5_000);
    });

    test('stats count each open link for itself, and a link that went no more', async () => {
      const [a, b, c] = (await open(3)) as [Recorder, Recorder, Recorder];
      a.transport.send(b.transport.self, new Uint8Array(5_000));
      await b.until(mesh, () => b.messages.length > 0);
      const { links } = await a.transport.stats();
      expect(links.map(({ peer }) => peer).sort()).toEqual([b.transport.self, c.transport.self].sort());
      const of = (peer: string) => links.find((link) => link.peer === peer);
      expect(of(b.transport.self)?.bytesUp).toBeGreaterThanOrEqual(5_000);
      expect(of(c.transport.self)?.bytesUp).toBeLessThan(5_000);
      b.transport.close();
      await a.until(mesh, () => a.has('peer-down', b.transport.self));
      const after = await a.transport.stats();
      expect(after.links.map(({ peer }) => peer)).toEqual([c.transport.self]);
      expect(after.bytesUp).toBeGreaterThanOrEqual(5_000);
    });
  });
}
