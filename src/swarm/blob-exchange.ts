import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest, PeerId } from '../base/ids.ts';
import { chain } from '../base/maybe-promise.ts';
import type { Verdict } from '../base/verdict.ts';
import { BlobClient } from './blob-client.ts';
import { decodeBlobMessage, encodeBlobMessage, isBlobMessage, type BlobMessage } from './blob-codec.ts';
import { BlobServer, type HeldBlob } from './blob-server.ts';
import { EarlyEvents } from './early-events.ts';
import { webCrypto } from './identity.ts';
import type { Hash } from './merkle.ts';
import { TransportEvents } from './transport-events.ts';
import type { SendOutcome, Transport, TransportEvent } from './transport.ts';

export interface BlobExchangeOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** What this volunteer gives to others. */
  readonly held: HeldBlob;
  /** Web Crypto unless a test passes a faster one. */
  readonly sha256?: Hash;
}

/**
 * Blobs over the links of a transport, from before there is a swarm until the transport closes. The swarm is given `transport`:
 * the same links without the messages of this exchange. What peers send wrongly here shows there as `rejected`.
 */
export class BlobExchange {
  readonly transport: Transport;
  readonly #inner: Transport;
  readonly #client: BlobClient;
  readonly #server: BlobServer;
  readonly #events = new TransportEvents();
  /** Undefined once the swarm listens. */
  #early: EarlyEvents | undefined = new EarlyEvents();

  constructor({ transport, clock, held, sha256 = webCrypto.sha256 }: BlobExchangeOptions) {
    this.#inner = transport;
    const send = (to: PeerId, message: BlobMessage): SendOutcome =>
      transport.send(to, encodeBlobMessage(message));
    this.#client = new BlobClient({ clock, sha256, send, peers: () => transport.peers() });
    this.#server = new BlobServer({ clock, held, send });
    this.transport = this.#rest();
    transport.listen((event) => {
      this.#hear(event);
    });
  }

  /** As BlobClient.fetch. */
  fetch(digest: Digest, bytes: number, isExact = true): Promise<Bytes> {
    return this.#client.fetch(digest, bytes, isExact);
  }

  #rest(): Transport {
    const inner = this.#inner;
    const rest: Transport = {
      self: inner.self,
      peers: () => inner.peers(),
      send: (to, message) => inner.send(to, message),
      listen: (listener) => {
        for (const event of this.#early?.take() ?? []) this.#events.push(event);
        this.#early = undefined;
        this.#events.listen(listener);
      },
      stats: () => inner.stats(),
      counted: () => inner.counted(),
      close: () => {
        this.#client.close();
        this.#server.close();
        this.#events.close();
        this.#early?.take();
        inner.close();
      },
    };
    return inner.farewell === undefined
      ? rest
      : { ...rest, farewell: (message) => inner.farewell?.(message) };
  }

  #hear(event: TransportEvent): void {
    if (event.kind === 'message' && isBlobMessage(event.bytes)) {
      this.#take(event.peer, event.bytes);
      return;
    }
    this.#tell(event);
    if (event.kind === 'peer-up') this.#client.proceed();
    if (event.kind === 'peer-down') {
      this.#server.forget(event.peer);
      this.#client.peerDown(event.peer);
    }
  }

  #tell(event: TransportEvent): void {
    (this.#early ?? this.#events).push(event);
  }

  #take(peer: PeerId, bytes: Bytes): void {
    const decoded = decodeBlobMessage(bytes);
    const count = (verdict: Verdict): void => {
      if (typeof verdict === 'object') this.#tell({ kind: 'rejected', peer, reason: verdict.rejected });
    };
    if (!decoded.ok) {
      count({ rejected: decoded.reason });
      return;
    }
    const message = decoded.value;
    if (message.kind === 'want-blob') count(this.#server.want(peer, message.digest));
    else if (message.kind === 'no-blob') count(this.#client.lacks(peer, message.digest));
    else void chain(this.#client.take(peer, message.digest, message.bytes), count);
  }
}
