import type { Clock } from '../src/base/clock.ts';
import { maxSignalingMessageBytes } from '../src/swarm/signaling-protocol.ts';

/** Everything the server bounds. What passes a limit is refused, counted by reason, and shown at /metrics. */
export interface Limits {
  /** Signaling sockets in all, and from one address (one IPv4 address, one IPv6 /64). */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** TCP connections of every kind, in all and from one address. */
  readonly sockets: number;
  readonly socketsPerAddress: number;
  readonly messageBytes: number;
  readonly topicsPerConnection: number;
  readonly topics: number;
  /** Tokens of one connection: what it may send at once, and for how long. */
  readonly messageBurst: number;
  readonly messagesPerSecond: number;
  readonly byteBurst: number;
  readonly bytesPerSecond: number;
  /** Refused messages a connection may cause before it is closed with 1008. */
  readonly refusalBurst: number;
  readonly refusalsPerSecond: number;
  /** Bytes queued for one connection that it has not read. One that falls further behind is cut. */
  readonly unreadBytes: number;
  /** A connection that lets a whole interval pass without answering a ping is cut. */
  readonly pingIntervalMs: number;
  /** From opening a TCP connection to its first byte, the end of its TLS handshake, and the end of its HTTP headers: each. */
  readonly handshakeMs: number;
  /** An HTTP connection on which nothing moves for this long, in either direction, is cut. */
  readonly idleMs: number;
  /** From the start of a shutdown until what has not closed is cut. */
  readonly shutdownMs: number;
}

/**
 * A volunteer that joins a mesh of 32 sends about 32 x 12 signals at once over our own socket, and as many over y-webrtc's;
 * the bursts are twice that. Two signaling sockets a tab and six for HTTP while it loads: 128 tabs behind one address.
 */
export const defaultLimits: Limits = {
  connections: 2048,
  connectionsPerAddress: 256,
  sockets: 8192,
  socketsPerAddress: 1024,
  messageBytes: maxSignalingMessageBytes,
  topicsPerConnection: 128,
  topics: 20_000,
  messageBurst: 1000,
  messagesPerSecond: 100,
  byteBurst: 4 << 20,
  bytesPerSecond: 256 << 10,
  refusalBurst: 100,
  refusalsPerSecond: 1,
  unreadBytes: 1 << 20,
  pingIntervalMs: 30_000,
  handshakeMs: 10_000,
  idleMs: 60_000,
  shutdownMs: 1000,
};

/** Spends tokens that come back at a steady rate: at most `burst` at once, `perSecond` in the long run. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #clock: Clock;
  #tokens: number;
  #countedAt: number;

  constructor(burst: number, perSecond: number, clock: Clock) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#tokens = burst;
    this.#countedAt = clock.now();
  }

  /** Takes `count` tokens and says true, or takes none and says false. */
  take(count: number): boolean {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#countedAt) / 1000) * this.#perSecond);
    this.#countedAt = now;
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}

/** Counts something for each address group, up to a limit for each. */
export class AddressCounts {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  full(group: string): boolean {
    return (this.#counts.get(group) ?? 0) >= this.#limit;
  }

  add(group: string): void {
    this.#counts.set(group, (this.#counts.get(group) ?? 0) + 1);
  }

  remove(group: string): void {
    const left = (this.#counts.get(group) ?? 0) - 1;
    if (left > 0) this.#counts.set(group, left);
    else this.#counts.delete(group);
  }
}

/** What connections are counted by: an IPv4 address, or the first 64 bits of an IPv6 address (one customer's network). */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  while (groups.length + after.length < 8) groups.push('0');
  return [...groups, ...after]
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}
