import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { realClock } from '../base/clock.ts';
import type { PeerId } from '../base/ids.ts';
import { framedLength } from './framing.ts';
import { TransportEvents } from './transport-events.ts';
import {
  noTraffic,
  type ByteCounts,
  type SendOutcome,
  type Transport,
  type TransportEvent,
  type TransportStats,
} from './transport.ts';

/** Bytes for one peer on their way over the port, before `send` answers `full`. One message always fits. */
export const portWindowBytes = 16 << 20;

/** How long until a message that the transport had no room for is offered to it again. */
const offerAgainMs = 10;

/** Both ends are our own code. `life` counts how often a peer came up: what was meant for an earlier life is dropped. */
type ToServer =
  | { readonly kind: 'send'; readonly to: PeerId; readonly life: number; readonly bytes: Bytes }
  | { readonly kind: 'farewell'; readonly bytes: Bytes | undefined }
  | { readonly kind: 'stats'; readonly question: number }
  | { readonly kind: 'close' };

type ToClient =
  | { readonly kind: 'event'; readonly event: TransportEvent; readonly life: number }
  /** The transport took these bytes, or the peer went. */
  | { readonly kind: 'taken'; readonly to: PeerId; readonly life: number; readonly length: number }
  | { readonly kind: 'stats'; readonly question: number; readonly stats: TransportStats }
  | { readonly kind: 'closed'; readonly stats: TransportStats };

/** A message's bytes and the memory to hand over with them: their own if nothing else is in it, else that of a copy. */
function forTransfer(bytes: Bytes, mayGive: boolean): Bytes {
  return mayGive && bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

/**
 * Lets a PortTransport at the other end of `port` use `transport`, whose events all go there. Closes it when the other end
 * does. The returned function closes it from this side, after the farewell that the other end left here.
 */
export function serveTransport(
  port: MessagePort,
  transport: Transport,
  clock: Clock = realClock,
): () => void {
  const lives = new Map<PeerId, number>();
  const waiting = new Map<PeerId, { life: number; bytes: Bytes }[]>();
  let closed = false;
  let farewell: Bytes | undefined;

  const say = (message: ToClient, transfer: Transferable[] = []) => {
    if (!closed) port.postMessage(message, transfer);
  };
  /** False: no room now. */
  const offer = (to: PeerId, life: number, bytes: Bytes): boolean => {
    const outcome = lives.get(to) === life ? transport.send(to, bytes) : 'gone';
    if (outcome === 'full') return false;
    say({ kind: 'taken', to, life, length: bytes.length });
    return true;
  };
  const offerAgainLater = (to: PeerId) => {
    clock.after(offerAgainMs, () => {
      const queue = waiting.get(to) ?? [];
      while (queue[0] !== undefined && !closed && offer(to, queue[0].life, queue[0].bytes)) queue.shift();
      if (queue.length === 0 || closed) waiting.delete(to);
      else offerAgainLater(to);
    });
  };
  const stats = (then: (stats: TransportStats) => void) => {
    transport.stats().then(then, () => then(noTraffic));
  };
  const close = () => {
    if (closed) return;
    transport.close();
    stats((last) => {
      say({ kind: 'closed', stats: last });
      closed = true;
      port.close();
    });
  };

  port.onmessage = ({ data: message }: MessageEvent<ToServer>) => {
    switch (message.kind) {
      case 'send': {
        const { to, life, bytes } = message;
        const queue = waiting.get(to);
        if (queue !== undefined) queue.push({ life, bytes });
        else if (!offer(to, life, bytes)) {
          waiting.set(to, [{ life, bytes }]);
          offerAgainLater(to);
        }
        break;
      }
      case 'farewell':
        farewell = message.bytes;
        break;
      case 'stats':
        stats((now) => say({ kind: 'stats', question: message.question, stats: now }));
        break;
      case 'close':
        close();
        break;
    }
  };
  transport.listen((event) => {
    if (event.kind === 'peer-up') lives.set(event.peer, (lives.get(event.peer) ?? 0) + 1);
    const life = lives.get(event.peer) ?? 0;
    if (event.kind !== 'message') {
      say({ kind: 'event', event, life });
      return;
    }
    const bytes = forTransfer(event.bytes, true);
    say({ kind: 'event', event: { ...event, bytes }, life }, [bytes.buffer]);
  });
  return () => {
    if (farewell !== undefined) for (const peer of transport.peers()) transport.send(peer, farewell);
    close();
  };
}

/** A transport whose other half is on another thread, behind `serveTransport`. */
export class PortTransport implements Transport {
  readonly self: PeerId;
  readonly #port: MessagePort;
  readonly #events = new TransportEvents();
  readonly #peers = new Map<PeerId, { readonly life: number; onTheWay: number }>();
  readonly #questions = new Map<number, (stats: TransportStats) => void>();
  #asked = 0;
  #bytesUp = 0;
  #bytesDown = 0;
  #lastStats: TransportStats = noTraffic;
  #closed = false;
  #over = false;

  constructor(port: MessagePort, self: PeerId) {
    this.self = self;
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<ToClient>) => this.#take(data);
  }

  peers(): readonly PeerId[] {
    return this.#closed ? [] : [...this.#peers.keys()];
  }

  send(to: PeerId, message: Bytes): SendOutcome {
    const peer = this.#closed ? undefined : this.#peers.get(to);
    if (peer === undefined) return 'gone';
    if (peer.onTheWay > 0 && peer.onTheWay + message.length > portWindowBytes) return 'full';
    peer.onTheWay += message.length;
    this.#bytesUp += framedLength(message.length);
    // A copy: the caller may send the same bytes to others.
    const bytes = forTransfer(message, false);
    this.#say({ kind: 'send', to, life: peer.life, bytes }, [bytes.buffer]);
    return 'queued';
  }

  listen(listener: (event: TransportEvent) => void): void {
    this.#events.listen(listener);
  }

  farewell(message: Bytes | undefined): void {
    if (!this.#closed) this.#say({ kind: 'farewell', bytes: message });
  }

  stats(): Promise<TransportStats> {
    if (this.#over) return Promise.resolve(this.#lastStats);
    const question = this.#asked++;
    return new Promise((resolve) => {
      this.#questions.set(question, resolve);
      this.#say({ kind: 'stats', question });
    });
  }

  /** Counted on this thread: whole messages, when they are given to the port and when they come out of it. */
  counted(): ByteCounts {
    return { bytesUp: this.#bytesUp, bytesDown: this.#bytesDown };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#events.close();
    this.#say({ kind: 'close' });
  }

  #say(message: ToServer, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  #take(message: ToClient): void {
    switch (message.kind) {
      case 'event':
        this.#takeEvent(message.event, message.life);
        break;
      case 'taken': {
        const peer = this.#peers.get(message.to);
        if (peer?.life === message.life) peer.onTheWay -= message.length;
        break;
      }
      case 'stats':
        this.#lastStats = message.stats;
        this.#questions.get(message.question)?.(message.stats);
        this.#questions.delete(message.question);
        break;
      case 'closed':
        this.#over = true;
        this.#lastStats = message.stats;
        for (const answer of this.#questions.values()) answer(message.stats);
        this.#questions.clear();
        if (!this.#closed) for (const peer of this.peers()) this.#takeEvent({ kind: 'peer-down', peer }, 0);
        this.#closed = true;
        this.#port.close();
        break;
    }
  }

  #takeEvent(event: TransportEvent, life: number): void {
    if (this.#closed) return;
    if (event.kind === 'peer-up') this.#peers.set(event.peer, { life, onTheWay: 0 });
    if (event.kind === 'peer-down') this.#peers.delete(event.peer);
    if (event.kind === 'message') this.#bytesDown += framedLength(event.bytes.length);
    this.#events.push(event);
  }
}
