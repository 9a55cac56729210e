import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { PeerId } from '../base/ids.ts';
import type { SeededRandom } from '../base/random.ts';
import type { ByteCounts, SendOutcome, Transport, TransportEvent, TransportStats } from './transport.ts';

/** How a memory network behaves. Delays are drawn anew for each message, so messages overtake each other across links. */
export interface MemoryNetworkOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Shortest and longest delay of a message, ms. */
  readonly delayMs?: readonly [number, number];
  /** Chance in [0, 1] that a message breaks its link instead of arriving: `peer-down` at both ends. */
  readonly linkLoss?: number;
  /** How long until a broken link is up again, ms. Undefined: never. */
  readonly relinkMs?: number;
  /** Queued bytes a link takes before `send` answers `full`. */
  readonly queueLimitBytes?: number;
  /** Breaks what a transport promises, as a test of the protocol above: chances in [0, 1) for each message. */
  readonly chaos?: Chaos;
}

export interface Chaos {
  /** It never arrives. */
  readonly loss: number;
  /** It arrives twice. */
  readonly duplicate: number;
  /** It may overtake, and be overtaken by, others of its link. */
  readonly reorder: number;
  /** Messages that are left alone. */
  readonly spares: (message: Bytes) => boolean;
}

interface Link {
  readonly ends: readonly [MemoryTransport, MemoryTransport];
  up: boolean;
  /** Counts how often the link came up: what was in flight on an earlier life never arrives. */
  life: number;
  /** When the last message in each direction arrives, and the bytes in flight. */
  readonly ways: readonly [Way, Way];
}

interface Way {
  lastArrivalMs: number;
  queuedBytes: number;
  readonly inFlight: Bytes[];
}

const linkKey = (a: PeerId, b: PeerId): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

/** Peers in one process, joined each to each, with seeded delay. Within a link messages stay in order. */
export class MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  readonly #transports = new Map<PeerId, MemoryTransport>();
  readonly #links = new Map<string, Link>();
  readonly #byEnd = new Map<MemoryTransport, Set<Link>>();

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
  }

  /** A new peer; it is linked to all others after a delay. */
  create(self: PeerId): Transport {
    const transport = new MemoryTransport(self, this, this.#options.clock);
    const others = [...this.#transports.values()];
    this.#transports.set(self, transport);
    for (const other of others) {
      const way = (): Way => ({ lastArrivalMs: 0, queuedBytes: 0, inFlight: [] });
      const link: Link = { ends: [transport, other], up: false, life: 0, ways: [way(), way()] };
      this.#links.set(linkKey(self, other.self), link);
      for (const end of link.ends) this.#byEnd.set(end, (this.#byEnd.get(end) ?? new Set()).add(link));
      this.#options.clock.after(this.#delay(), () => {
        this.#raise(link);
      });
    }
    return transport;
  }

  /** Breaks the link between two peers; both see `peer-down` now. It stays down until `mend`. */
  cut(a: PeerId, b: PeerId): void {
    const link = this.#links.get(linkKey(a, b));
    if (link !== undefined) this.#lower(link);
  }

  /** Links two peers again. */
  mend(a: PeerId, b: PeerId): void {
    const link = this.#links.get(linkKey(a, b));
    if (link !== undefined) this.#raise(link);
  }

  /** The peer is gone without a word: a killed tab. What it sent last may never arrive. */
  vanish(peer: PeerId): void {
    const transport = this.#transports.get(peer);
    if (transport !== undefined) for (const link of this.#linksOf(transport)) this.#lower(link);
    transport?.close();
  }

  /** For MemoryTransport. */
  peersOf(self: MemoryTransport): PeerId[] {
    return this.#linksOf(self).flatMap((link) => (link.up ? [this.#other(link, self).self] : []));
  }

  /** For MemoryTransport. */
  carry(from: MemoryTransport, to: PeerId, message: Bytes): SendOutcome {
    const link = this.#links.get(linkKey(from.self, to));
    if (link?.up !== true || from.self === to) return 'gone';
    const way = link.ways[link.ends[0] === from ? 0 : 1];
    const limit = this.#options.queueLimitBytes ?? Infinity;
    if (way.queuedBytes > 0 && way.queuedBytes + message.length > limit) return 'full';
    if (this.#options.random.float() < (this.#options.linkLoss ?? 0)) {
      this.#breakLater(link);
      return 'queued';
    }
    const bytes = new Uint8Array(message);
    const { clock, chaos, random } = this.#options;
    if (chaos !== undefined && !chaos.spares(message)) {
      if (random.float() < chaos.loss) return 'queued';
      const copies = random.float() < chaos.duplicate ? 2 : random.float() < chaos.reorder ? 1 : 0;
      for (let copy = 0; copy < copies; copy++) this.#deliverLater(link, from, bytes);
      if (copies > 0) return 'queued';
    }
    const at = Math.max(way.lastArrivalMs, clock.now() + this.#delay());
    const life = link.life;
    way.lastArrivalMs = at;
    way.queuedBytes += bytes.length;
    way.inFlight.push(bytes);
    clock.after(at - clock.now(), () => {
      if (!link.up || link.life !== life) return;
      way.queuedBytes -= bytes.length;
      way.inFlight.shift();
      this.#other(link, from).deliver({ kind: 'message', peer: from.self, bytes });
    });
    return 'queued';
  }

  #deliverLater(link: Link, from: MemoryTransport, bytes: Bytes): void {
    const { life } = link;
    this.#options.clock.after(3 * this.#delay(), () => {
      if (link.up && link.life === life)
        this.#other(link, from).deliver({ kind: 'message', peer: from.self, bytes });
    });
  }

  /** For MemoryTransport. What it sent arrives before it is seen to go. */
  leave(gone: MemoryTransport): void {
    for (const link of this.#linksOf(gone)) {
      const way = link.ways[link.ends[0] === gone ? 0 : 1];
      if (link.up)
        for (const bytes of way.inFlight)
          this.#other(link, gone).deliver({ kind: 'message', peer: gone.self, bytes });
      this.#lower(link);
      this.#links.delete(linkKey(link.ends[0].self, link.ends[1].self));
      for (const end of link.ends) this.#byEnd.get(end)?.delete(link);
    }
    if (this.#transports.get(gone.self) === gone) this.#transports.delete(gone.self);
  }

  #breakLater(link: Link): void {
    const { clock, relinkMs } = this.#options;
    clock.after(this.#delay(), () => {
      this.#lower(link);
      if (relinkMs !== undefined) {
        clock.after(relinkMs, () => {
          this.#raise(link);
        });
      }
    });
  }

  #raise(link: Link): void {
    if (link.up || link.ends.some((end) => end.closed)) return;
    link.up = true;
    link.life++;
    for (const way of link.ways) {
      way.queuedBytes = 0;
      way.inFlight.length = 0;
    }
    for (const end of link.ends) end.deliver({ kind: 'peer-up', peer: this.#other(link, end).self });
  }

  #lower(link: Link): void {
    if (!link.up) return;
    link.up = false;
    for (const end of link.ends) end.deliver({ kind: 'peer-down', peer: this.#other(link, end).self });
  }

  #linksOf(transport: MemoryTransport): Link[] {
    return [...(this.#byEnd.get(transport) ?? [])];
  }

  #other(link: Link, end: MemoryTransport): MemoryTransport {
    return link.ends[0] === end ? link.ends[1] : link.ends[0];
  }

  #delay(): number {
    const [least, most] = this.#options.delayMs ?? [0, 0];
    return least + (most - least) * this.#options.random.float();
  }
}

const nothing: ByteCounts = { bytesUp: 0, bytesDown: 0 };

const sumOf = (a: ByteCounts, b: ByteCounts): ByteCounts => ({
  bytesUp: a.bytesUp + b.bytesUp,
  bytesDown: a.bytesDown + b.bytesDown,
});

/** Made by MemoryNetwork.create. */
export class MemoryTransport implements Transport {
  readonly self: PeerId;
  readonly #network: MemoryNetwork;
  readonly #clock: Clock;
  readonly #waiting: TransportEvent[] = [];
  #listener: ((event: TransportEvent) => void) | undefined;
  #counts: ByteCounts = { bytesUp: 0, bytesDown: 0 };
  /** Of links that are up, since they came up. */
  readonly #links = new Map<PeerId, ByteCounts>();
  #draining = false;
  closed = false;

  constructor(self: PeerId, network: MemoryNetwork, clock: Clock) {
    this.self = self;
    this.#network = network;
    this.#clock = clock;
  }

  peers(): readonly PeerId[] {
    return this.closed ? [] : this.#network.peersOf(this);
  }

  send(to: PeerId, message: Bytes): SendOutcome {
    if (this.closed) return 'gone';
    const outcome = this.#network.carry(this, to, message);
    if (outcome === 'queued') this.#count(to, { bytesUp: message.length, bytesDown: 0 });
    return outcome;
  }

  listen(listener: (event: TransportEvent) => void): void {
    this.#listener = listener;
    this.#drainLater();
  }

  stats(): Promise<TransportStats> {
    const links = this.peers().map((peer) => ({
      peer,
      ...(this.#links.get(peer) ?? nothing),
      rttMs: undefined,
    }));
    return Promise.resolve({ ...this.#counts, links });
  }

  counted(): ByteCounts {
    return this.#counts;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#waiting.length = 0;
    this.#network.leave(this);
  }

  /** For MemoryNetwork. */
  deliver(event: TransportEvent): void {
    if (this.closed) return;
    if (event.kind === 'message') this.#count(event.peer, { bytesUp: 0, bytesDown: event.bytes.length });
    if (event.kind === 'peer-up') this.#links.delete(event.peer);
    this.#waiting.push(event);
    this.#drainLater();
  }

  #count(peer: PeerId, counts: ByteCounts): void {
    this.#counts = sumOf(this.#counts, counts);
    this.#links.set(peer, sumOf(this.#links.get(peer) ?? nothing, counts));
  }

  #drainLater(): void {
    if (this.#listener === undefined || this.#draining) return;
    this.#draining = true;
    this.#clock.after(0, () => {
      this.#draining = false;
      for (;;) {
        const event = this.closed ? undefined : this.#waiting.shift();
        if (event === undefined) return;
        this.#listener?.(event);
      }
    });
  }
}
