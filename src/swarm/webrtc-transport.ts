import type { Bytes } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { PeerId } from '../base/ids.ts';
import type { SeededRandom } from '../base/random.ts';
import { webCrypto, type Signer, type SwarmCrypto } from './identity.ts';
import type { Seal } from './invitation.ts';
import type { Signaling } from './signaling-client.ts';
import { TransportEvents } from './transport-events.ts';
import type { ByteCounts, SendOutcome, Transport, TransportEvent, TransportStats } from './transport.ts';
import { Link } from './webrtc-transport-link.ts';
import { MeshSignaling } from './webrtc-transport-mesh.ts';
import type { MeshSignal } from './webrtc-transport-signals.ts';
import { simplePeerWires, type OpenWire, type WireSignal } from './webrtc-transport-wire.ts';

export interface WebRtcTransportOptions {
  readonly signer: Signer;
  /** Volunteers of one room connect each to each. At most 160 characters. */
  readonly room: string;
  readonly signaling: Signaling;
  /** STUN and TURN servers; none by default: then peers must reach each other directly. */
  readonly iceServers?: readonly RTCIceServer[];
  readonly clock: Clock;
  /** Draws the session and spreads retries. Seed it from real entropy. */
  readonly random: SeededRandom;
  readonly openWire?: OpenWire;
  readonly crypto?: SwarmCrypto;
  /** Of a run by invitation: who lacks its key is refused, and counted as `uninvited`. */
  readonly seal?: Seal | undefined;
}

/** Most peers that are connected or being connected to. */
const maxPeers = 64;
/** A link that is not open by then is given up. */
const connectMs = 20_000;
/** A peer without a link that has not been heard for this long is forgotten. */
const forgetAfterMs = 120_000;
const firstRetryMs = 500;
const longestRetryMs = 30_000;
/** How long a link may take after close() to send its last message and say that it ends. */
const lingerMs = 1000;

interface Peer {
  readonly id: PeerId;
  /** Their session, as last proved. */
  session: string;
  /** Our newest attempt if we initiate; if they do, the newest of theirs that we took in their session. */
  attempts: number;
  live: Link | undefined;
  pending: Link | undefined;
  failures: number;
  heardAtMs: number;
  cancelRetry: () => void;
  cancelTimeout: () => void;
}

/**
 * Direct connections to every volunteer of a room, found through signaling. Of two volunteers the one with the smaller id
 * initiates; the other only says that it is there. Runs where RTCPeerConnection exists: on a page's main thread, or
 * is handed in as `openWire` (Node: simplePeerWires with `wrtc`).
 */
export class WebRtcTransport implements Transport {
  readonly self: PeerId;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #openWire: OpenWire;
  readonly #mesh: MeshSignaling;
  readonly #events = new TransportEvents();
  readonly #peers = new Map<PeerId, Peer>();
  /**
   * Attempts of this session, with whomever. A peer takes each number once, so none is used again, even if an announce of
   * the peer's earlier session was played back to us or the peer was forgotten in between.
   */
  #attempted = 0;
  #closedUp = 0;
  #closedDown = 0;
  #closed = false;

  constructor(options: WebRtcTransportOptions) {
    this.self = options.signer.id;
    this.#clock = options.clock;
    this.#random = options.random;
    const { iceServers = [], clock } = options;
    this.#openWire = options.openWire ?? simplePeerWires({ iceServers, clock });
    this.#mesh = new MeshSignaling(
      { ...options, crypto: options.crypto ?? webCrypto },
      {
        signal: (signal) => this.#act(signal),
        rejected: (peer, reason) => this.#reject(peer, reason),
      },
    );
  }

  peers(): readonly PeerId[] {
    return [...this.#peers.values()].flatMap(({ id, live }) => (live?.open === true ? [id] : []));
  }

  send(to: PeerId, message: Bytes): SendOutcome {
    return this.#peers.get(to)?.live?.send(message) ?? 'gone';
  }

  listen(listener: (event: TransportEvent) => void): void {
    this.#events.listen(listener);
  }

  /** Data channel bytes as RTCPeerConnection.getStats() reports them; of links that closed, as counted at this end. */
  async stats(): Promise<TransportStats> {
    const links = [...this.#peers.values()].flatMap(({ live }) => (live === undefined ? [] : [live]));
    const [closedUp, closedDown] = [this.#closedUp, this.#closedDown];
    const open = await Promise.all(links.map((link) => link.stats()));
    return {
      bytesUp: open.reduce((sum, { bytesUp }) => sum + bytesUp, closedUp),
      bytesDown: open.reduce((sum, { bytesDown }) => sum + bytesDown, closedDown),
      links: open.filter(({ peer }) => this.#peers.get(peer)?.live?.open === true),
    };
  }

  counted(): ByteCounts {
    let [bytesUp, bytesDown] = [this.#closedUp, this.#closedDown];
    for (const { live } of this.#peers.values()) {
      bytesUp += live?.counted.bytesUp ?? 0;
      bytesDown += live?.counted.bytesDown ?? 0;
    }
    return { bytesUp, bytesDown };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#events.close();
    this.#mesh.close();
    for (const { live, pending, cancelRetry, cancelTimeout } of this.#peers.values()) {
      cancelRetry();
      cancelTimeout();
      pending?.silence();
      pending?.close();
      if (live === undefined) continue;
      live.silence();
      this.#count(live);
      live.finish();
      this.#clock.after(lingerMs, () => live.close());
    }
    this.#peers.clear();
  }

  #reject(peer: PeerId, reason: string): void {
    this.#events.push({ kind: 'rejected', peer, reason });
  }

  #act({ from, session, body }: MeshSignal): void {
    if (body.kind === 'answer' || body.kind === 'candidate') {
      const peer = this.#peers.get(from);
      if (peer?.session === session) this.#signalLink(peer, body);
      return;
    }
    if (body.kind === 'offer' && this.self < from) {
      this.#reject(from, 'signal-offer-from-the-wrong-side');
      return;
    }
    const peer = this.#peerOf(from, session);
    if (peer === undefined) {
      this.#reject(from, 'too-many-peers');
      return;
    }
    switch (body.kind) {
      case 'announce':
        if (this.self > from) this.#sayHello(peer);
        else if (peer.live?.session !== session) this.#initiate(peer);
        break;
      case 'hello':
        // They may have lost a link that still looks alive here.
        if (this.self < from && peer.live?.number !== body.link) this.#initiate(peer);
        break;
      case 'offer':
        if (body.link <= peer.attempts) break;
        peer.attempts = body.link;
        this.#connect(peer, false);
        this.#signalLink(peer, body);
        break;
    }
  }

  #signalLink(peer: Peer, body: WireSignal): void {
    const link = [peer.pending, peer.live].find(
      (candidate) => candidate?.number === body.link && candidate.session === peer.session,
    );
    if (link?.signal(body) === false) this.#reject(peer.id, 'signal-refused-by-webrtc');
  }

  #sayHello(peer: Peer): void {
    const link = (peer.live ?? peer.pending)?.number ?? 0;
    this.#mesh.tell(peer.id, peer.session, { kind: 'hello', link });
  }

  /** The entry of a peer that proved this session; a new session counts its attempts anew. */
  #peerOf(id: PeerId, session: string): Peer | undefined {
    const now = this.#clock.now();
    let peer = this.#peers.get(id);
    if (peer === undefined) {
      if (this.#peers.size >= maxPeers) this.#forgetTheLost();
      if (this.#peers.size >= maxPeers) return undefined;
      const nothing = () => undefined;
      peer = {
        id,
        session,
        attempts: 0,
        live: undefined,
        pending: undefined,
        failures: 0,
        heardAtMs: now,
        cancelRetry: nothing,
        cancelTimeout: nothing,
      };
      this.#peers.set(id, peer);
    }
    if (peer.session !== session) {
      peer.session = session;
      peer.attempts = 0;
      peer.failures = 0;
      peer.pending?.close();
    }
    peer.heardAtMs = now;
    return peer;
  }

  #initiate(peer: Peer): void {
    if (peer.pending !== undefined) return;
    peer.attempts = ++this.#attempted;
    this.#connect(peer, true);
  }

  /** Replaces the pending link by a new one; a live one stays until the new one is open. */
  #connect(peer: Peer, initiator: boolean): void {
    peer.cancelRetry();
    peer.cancelTimeout();
    peer.pending?.silence();
    peer.pending?.close();
    const { id, session, attempts } = peer;
    const link: Link = new Link(id, session, attempts, initiator, this.#openWire, {
      signal: (body) => this.#mesh.tell(id, session, { ...body, link: attempts }),
      open: () => this.#opened(peer, link),
      message: (bytes) => this.#events.push({ kind: 'message', peer: id, bytes }),
      rejected: (reason) => this.#reject(id, reason),
      closed: () => this.#ended(peer, link),
    });
    peer.pending = link;
    peer.cancelTimeout = this.#clock.after(connectMs, () => {
      if (peer.pending === link) link.close();
    });
  }

  #opened(peer: Peer, link: Link): void {
    if (peer.pending !== link) return;
    peer.cancelTimeout();
    peer.pending = undefined;
    const before = peer.live;
    peer.live = link;
    peer.failures = 0;
    if (before !== undefined) {
      before.silence();
      before.close();
      this.#count(before);
      this.#events.push({ kind: 'peer-down', peer: peer.id });
    }
    this.#events.push({ kind: 'peer-up', peer: peer.id });
  }

  #ended(peer: Peer, link: Link): void {
    if (peer.live === link) {
      peer.live = undefined;
      this.#count(link);
      this.#events.push({ kind: 'peer-down', peer: peer.id });
    } else if (peer.pending === link) {
      peer.pending = undefined;
      peer.failures++;
    }
    if (peer.live === undefined && peer.pending === undefined) this.#retryLater(peer);
  }

  /** The initiator tries again; the other says again that it is there. */
  #retryLater(peer: Peer): void {
    const longest = Math.min(longestRetryMs, firstRetryMs * 2 ** peer.failures);
    peer.cancelRetry();
    peer.cancelRetry = this.#clock.after(longest * (0.5 + 0.5 * this.#random.float()), () => {
      if (this.#clock.now() - peer.heardAtMs > forgetAfterMs) {
        this.#peers.delete(peer.id);
      } else if (this.self < peer.id) {
        this.#initiate(peer);
      } else {
        peer.failures++;
        this.#sayHello(peer);
        this.#retryLater(peer);
      }
    });
  }

  #forgetTheLost(): void {
    const now = this.#clock.now();
    for (const [id, { live, pending, heardAtMs, cancelRetry }] of [...this.#peers]) {
      if (live !== undefined || pending !== undefined || now - heardAtMs <= forgetAfterMs) continue;
      cancelRetry();
      this.#peers.delete(id);
    }
  }

  #count(link: Link): void {
    this.#closedUp += link.counted.bytesUp;
    this.#closedDown += link.counted.bytesDown;
  }
}
