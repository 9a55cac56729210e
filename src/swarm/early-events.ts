import type { PeerId } from '../base/ids.ts';
import type { TransportEvent } from './transport.ts';

type Message = Extract<TransportEvent, { kind: 'message' }>;
type Rejected = Extract<TransportEvent, { kind: 'rejected' }>;

/** Bytes of messages of one peer that wait; what comes above that is dropped, and counted. */
const mostOfPeer = 4 << 20;
/** Of all peers together. */
const mostOfAll = 16 << 20;
/** This much of each peer waits in any case, so that others cannot crowd out what it greets us with. */
const sureOfPeer = 64 << 10;
/** What a message costs at least, however short it is. */
const leastOfMessage = 256;

interface Early {
  readonly messages: Message[];
  bytes: number;
}

/**
 * What a transport tells before anybody listens, in bounded memory. Of a peer that has gone meanwhile nothing is kept, as if it had
 * never been there; refusals are counted by reason. Peers are told one after another: nothing is promised across them.
 */
export class EarlyEvents {
  readonly #peers = new Map<PeerId, Early>();
  readonly #rejected = new Map<string, Rejected>();
  #bytes = 0;

  push(event: TransportEvent): void {
    switch (event.kind) {
      case 'peer-up':
        this.#forget(event.peer);
        this.#peers.set(event.peer, { messages: [], bytes: 0 });
        return;
      case 'peer-down':
        this.#forget(event.peer);
        return;
      case 'rejected':
        this.#count(event);
        return;
      case 'message':
        this.#keep(event);
    }
  }

  /** All of it, to be told before anything that comes later; nothing is kept any more. */
  take(): TransportEvent[] {
    const events = [...this.#peers].flatMap(([peer, { messages }]): TransportEvent[] => [
      { kind: 'peer-up', peer },
      ...messages,
    ]);
    events.push(...this.#rejected.values());
    this.#peers.clear();
    this.#rejected.clear();
    this.#bytes = 0;
    return events;
  }

  #keep(message: Message): void {
    const { peer } = message;
    const early = this.#peers.get(peer);
    if (early === undefined) return;
    const bytes = Math.max(leastOfMessage, message.bytes.length);
    const after = early.bytes + bytes;
    if (after > mostOfPeer || (after > sureOfPeer && this.#bytes + bytes > mostOfAll)) {
      this.#count({ kind: 'rejected', peer, reason: 'early-too-much' });
      return;
    }
    early.messages.push(message);
    early.bytes = after;
    this.#bytes += bytes;
  }

  /** Reasons are our own words, so there are few. The first peer stands for all. */
  #count(event: Rejected): void {
    const before = this.#rejected.get(event.reason);
    const times = (before?.times ?? 0) + (event.times ?? 1);
    this.#rejected.set(event.reason, { ...(before ?? event), times });
  }

  #forget(peer: PeerId): void {
    this.#bytes -= this.#peers.get(peer)?.bytes ?? 0;
    this.#peers.delete(peer);
  }
}
