import type { Bytes } from '../base/bytes.ts';
import type { PeerId } from '../base/ids.ts';

/** Bytes that crossed the gradient channels, as the transport itself counts them (for WebRTC: getStats()). */
export interface ByteCounts {
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** A link that is open now, counted since it opened. */
export interface LinkStats extends ByteCounts {
  readonly peer: PeerId;
  /** Newest measured time there and back, ms; undefined where the transport does not measure it. */
  readonly rttMs: number | undefined;
}

/** Over all links, those that closed included. */
export interface TransportStats extends ByteCounts {
  readonly links: readonly LinkStats[];
}

export const noTraffic: TransportStats = { bytesUp: 0, bytesDown: 0, links: [] };

export type TransportEvent =
  | { readonly kind: 'peer-up'; readonly peer: PeerId }
  | { readonly kind: 'peer-down'; readonly peer: PeerId }
  | { readonly kind: 'message'; readonly peer: PeerId; readonly bytes: Bytes }
  /** Something hostile or broken was dropped below the message level. `reason` is a short stable phrase. `times`: absent is once. */
  | { readonly kind: 'rejected'; readonly peer: PeerId; readonly reason: string; readonly times?: number };

/** `queued`: will be delivered unless the peer goes; `gone`: no such peer; `full`: too much is queued, not taken. */
export type SendOutcome = 'queued' | 'gone' | 'full';

/**
 * Whole messages to and from directly connected peers. Promises, tested by transport-contract.ts on every
 * implementation: messages between two peers arrive whole, at most once, in the order sent; `peer-up` comes before a
 * peer's first message and `peer-down` after its last; after `close()` no event comes and every send is `gone`.
 * Nothing is promised across peers. Events are delivered asynchronously, never from inside a call.
 */
export interface Transport {
  readonly self: PeerId;
  peers(): readonly PeerId[];
  send(to: PeerId, message: Bytes): SendOutcome;
  /** One listener; events before it is set wait for it. */
  listen(listener: (event: TransportEvent) => void): void;
  stats(): Promise<TransportStats>;
  /** Bytes sent and received so far, as counted at this end, frames of messages included: to be had at any time, for nothing. */
  counted(): ByteCounts;
  /**
   * What every peer is sent when the transport is closed by whoever holds its other half, as a page does that closes its tab;
   * undefined: nothing. Absent where nobody else can close it. Takes effect in order with `send`.
   */
  farewell?(message: Bytes | undefined): void;
  close(): void;
}

/**
 * The largest message a transport carries; a larger one from a peer is rejected. Each peer may make us hold one unfinished
 * message of this size. The largest we send is a contribution (0.4 MB for `small`); snapshots travel in 256 KiB pieces.
 */
export const maxMessageBytes = 8 << 20;
