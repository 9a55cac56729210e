import { describe, expect, it, vi } from 'vitest';
import { realClock } from '../base/clock.ts';
import type { PeerId } from '../base/ids.ts';
import { SeededRandom } from '../base/random.ts';
import { testTransportContract } from '../testing/transport-contract.ts';
import { MemoryNetwork } from './memory-transport.ts';
import { PortTransport, portWindowBytes, serveTransport } from './port-transport.ts';
import type { Transport, TransportEvent } from './transport.ts';

const id = (digit: number) => digit.toString(16).repeat(32) as PeerId;

function overPort(inner: Transport): { transport: PortTransport; stop: () => void } {
  const { port1, port2 } = new MessageChannel();
  const stop = serveTransport(port1, inner);
  return { transport: new PortTransport(port2, inner.self), stop };
}

testTransportContract('a transport over a port', (count) => {
  // No delays: real timers of different lengths fire out of order, and a memory link relies on theirs.
  const network = new MemoryNetwork({ clock: realClock, random: new SeededRandom(3) });
  const ends = Array.from({ length: count }, (_, index) => overPort(network.create(id(index + 1))));
  return {
    transports: ends.map(({ transport }) => transport),
    close: () => {
      for (const { transport } of ends) transport.close();
    },
  };
});

const gateStats = {
  bytesUp: 7,
  bytesDown: 8,
  links: [{ peer: id(2), bytesUp: 5, bytesDown: 6, rttMs: 1.5 }],
};

/** A transport of one peer whose answers to `send` a test decides. */
class Gate implements Transport {
  readonly self = id(1);
  open = false;
  readonly sent: number[] = [];
  #listener: ((event: TransportEvent) => void) | undefined;

  peers = () => [id(2)];
  stats = () => Promise.resolve(gateStats);
  counted = () => gateStats;
  close = () => undefined;

  send(_to: PeerId, message: Uint8Array) {
    if (!this.open) return 'full' as const;
    this.sent.push(message.length);
    return 'queued' as const;
  }

  listen(listener: (event: TransportEvent) => void) {
    this.#listener = listener;
  }

  tell(event: TransportEvent) {
    this.#listener?.(event);
  }
}

describe('a transport over a port', () => {
  it('keeps what it took while the other half is full, answers full beyond its window, and loses nothing', async () => {
    const gate = new Gate();
    const { transport } = overPort(gate);
    gate.tell({ kind: 'peer-up', peer: id(2) });
    await vi.waitFor(() => expect(transport.peers()).toEqual([id(2)]));
    const half = new Uint8Array(portWindowBytes / 2);
    const answers = [1, 2, 3].map(() => transport.send(id(2), half));
    expect(answers).toEqual(['queued', 'queued', 'full']);
    gate.open = true;
    await vi.waitFor(() => expect(gate.sent).toEqual([half.length, half.length]));
    await vi.waitFor(() => expect(transport.send(id(2), half)).toBe('queued'));
    transport.close();
  });

  it('drops what was sent to an earlier life of a peer', async () => {
    const gate = new Gate();
    const { transport } = overPort(gate);
    gate.tell({ kind: 'peer-up', peer: id(2) });
    await vi.waitFor(() => expect(transport.peers()).toEqual([id(2)]));
    expect(transport.send(id(2), new Uint8Array(3))).toBe('queued');
    gate.tell({ kind: 'peer-down', peer: id(2) });
    gate.tell({ kind: 'peer-up', peer: id(2) });
    gate.open = true;
    const events: string[] = [];
    transport.listen((event) => events.push(event.kind));
    await vi.waitFor(() => expect(events).toEqual(['peer-up', 'peer-down', 'peer-up']));
    expect(transport.send(id(2), new Uint8Array(5))).toBe('queued');
    await vi.waitFor(() => expect(gate.sent).toEqual([5]));
    transport.close();
  });

  it('still knows its last statistics after close, and sees every peer go when the other half closes', async () => {
    const gate = new Gate();
    const { transport, stop } = overPort(gate);
    const kinds: string[] = [];
    transport.listen((event) => kinds.push(event.kind));
    gate.tell({ kind: 'peer-up', peer: id(2) });
    await vi.waitFor(() => expect(transport.peers()).toEqual([id(2)]));
    stop();
    await vi.waitFor(() => expect(kinds).toEqual(['peer-up', 'peer-down']));
    expect(transport.send(id(2), new Uint8Array(1))).toBe('gone');
    expect(await transport.stats()).toEqual(gateStats);
  });

  it('says the newest farewell to every peer when the other half closes, and none where its owner closes', async () => {
    const gate = new Gate();
    const { transport, stop } = overPort(gate);
    gate.tell({ kind: 'peer-up', peer: id(2) });
    gate.open = true;
    await vi.waitFor(() => expect(transport.peers()).toEqual([id(2)]));
    transport.farewell(new Uint8Array(3));
    transport.farewell(undefined);
    transport.farewell(new Uint8Array(4));
    transport.send(id(2), new Uint8Array(5));
    await vi.waitFor(() => expect(gate.sent).toEqual([5]));
    stop();
    expect(gate.sent).toEqual([5, 4]);

    const other = new Gate();
    const own = overPort(other);
    own.transport.farewell(new Uint8Array(6));
    other.open = true;
    own.transport.close();
    await own.transport.stats();
    expect(other.sent).toEqual([]);
  });
});
