import * as broadcast from 'lib0/broadcastchannel';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import type { WebrtcConn, WebrtcProvider } from 'y-webrtc';
import type { Clock } from '../base/clock.ts';
import { documentLimitBytes } from './announcements.ts';
import { Allowance, type CountRejection } from './shared-doc-bounds.ts';
import { sieveAwareness, updateProblem, type AwarenessGate, type KnownClock } from './shared-doc-shape.ts';
import type { SharedDoc } from './shared-doc-state.ts';

/**
 * y-webrtc throws from its event handlers on messages of other tabs that are not well-formed, and Yjs keeps whatever is.
 * These guards stand before it: what it would choke on or keep for nothing is dropped and counted, and what it throws all
 * the same is caught.
 */
/** A connection that is not open by then is given up: y-webrtc would wait for ever, and stop at 20 to 35 of them. */
const connectMs = 30_000;

/** A whole document, and what y-webrtc adds to it. */
export const maxPeerMessageBytes = (128 << 10) + 1024;

interface Emitter {
  emit(name: string, ...args: unknown[]): boolean;
}

/** How much more other tabs may make this one hold, and what it knows. */
export interface PeerBounds {
  documentFull(moreBytes: number): boolean;
  readonly knownClock: KnownClock;
  /** Awareness states of strangers, without the connection's own allowance. */
  readonly awareness: AwarenessGate;
  /** A message was given to y-webrtc, or refused because it came too early. */
  arrived(refused: boolean): void;
}

/** The bounds of a document. */
export const boundsOf = (shared: SharedDoc, arrived: (refused: boolean) => void): PeerBounds => ({
  documentFull: (moreBytes) => shared.isAbove(2 * documentLimitBytes, moreBytes),
  knownClock: (client) => Y.getState(shared.doc.store, client),
  awareness: shared.awarenessGate(),
  arrived,
});

/** Guards every connection to another tab that the provider's room makes from now on. */
export function guardPeers(
  provider: WebrtcProvider,
  count: CountRejection,
  bounds: PeerBounds,
  clock: Clock,
  onChange: () => void,
): void {
  const connections = provider.room?.webrtcConns;
  if (connections === undefined) return;
  const set = connections.set.bind(connections);
  connections.set = (key: string, connection: WebrtcConn) => {
    guardPeer(connection.peer as Emitter, count, bounds, clock, onChange);
    const cancel = clock.after(connectMs, () => {
      if (connection.connected || connection.closed) return;
      count('peer-never-connected');
      connection.destroy();
    });
    (connection.peer as Partial<Listening>).once?.('close', cancel);
    return set(key, connection);
  };
}

interface Listening {
  once(name: string, listener: () => void): void;
}

/** What one connection may bring in: document bytes at once and a second, clients at once and a second. */
const burstBytes = 1 << 20;
const bytesPerMs = 32;
const burstClients = 160;
const clientMs = 1_000;

function guardPeer(
  peer: Emitter,
  count: CountRejection,
  bounds: PeerBounds,
  clock: Clock,
  onChange: () => void,
): void {
  const emit = peer.emit.bind(peer);
  const bytes = new Allowance(clock, burstBytes, 1 / bytesPerMs);
  const clients = new Allowance(clock, burstClients, clientMs);
  const own: PeerBounds = {
    ...bounds,
    awareness: { ...bounds.awareness, mayAdd: (more) => bounds.awareness.mayAdd(more) && clients.take() },
  };
  peer.emit = (name, ...args) => {
    if (name === 'data') {
      const size = args[0] instanceof Uint8Array ? args[0].length : 0;
      const judged = bytes.take(size) ? judgePeerMessage(args[0], own) : 'peer-too-much';
      if (typeof judged === 'string') {
        count(judged);
        bounds.arrived(judged === 'document-ahead' || judged === 'peer-too-much');
        return true;
      }
      if (judged === undefined) return true;
      args[0] = judged;
    }
    try {
      return emit(name, ...args);
    } catch {
      count('peer-handler-failed');
      return true;
    } finally {
      if (name === 'data') bounds.arrived(false);
      if (name === 'connect' || name === 'close') onChange();
    }
  };
}

/** What y-webrtc's room is to the tabs of this browser. */
interface BroadcastRoom {
  readonly name: string;
  _bcSubscriber: (data: unknown, origin: unknown) => unknown;
}

/** Guards what other tabs of this browser say: an older version of the page may be open there. */
export function guardBroadcast(provider: WebrtcProvider, count: CountRejection, bounds: PeerBounds): void {
  const room = provider.room as unknown as BroadcastRoom | null;
  if (room === null) return;
  const take = room._bcSubscriber;
  broadcast.unsubscribe(room.name, take);
  room._bcSubscriber = (data, origin) => {
    const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
    const judged = judgePeerMessage(bytes, bounds, true);
    if (typeof judged === 'string') count(judged);
    if (!(judged instanceof Uint8Array)) return;
    Promise.resolve(take(judged, origin)).catch(() => {
      count('peer-handler-failed');
    });
  };
  broadcast.subscribe(room.name, room._bcSubscriber);
}

/** y-webrtc says goodbye to a channel that it has left already, which opens it again: leaves it for good. */
export function closeBroadcast(roomName: string): void {
  const nobody = () => undefined;
  broadcast.subscribe(roomName, nobody);
  broadcast.unsubscribe(roomName, nobody);
}

/**
 * Message kinds of y-webrtc. Its fourth, by which tabs of one browser tell each other their names, does not belong on WebRTC:
 * there anyone could name others, and we would never connect to them.
 */
const messageSync = 0;
const messageAwareness = 1;
const messageQueryAwareness = 3;
const messageName = 4;
const syncStep1 = 0;

/**
 * What y-webrtc may be given of a message from another tab: its bytes, perhaps fewer than came; undefined: nothing, and
 * nothing is wrong; a string: why it is refused. Any value may be given. `sameBrowser`: it came over BroadcastChannel.
 */
export function judgePeerMessage(
  data: unknown,
  bounds: PeerBounds,
  sameBrowser = false,
): Uint8Array | string | undefined {
  if (!(data instanceof Uint8Array)) return 'peer-message-not-bytes';
  if (data.length > maxPeerMessageBytes) return 'peer-message-too-long';
  try {
    const decoder = decoding.createDecoder(data);
    switch (decoding.readVarUint(decoder)) {
      case messageSync:
        return syncProblem(decoder, bounds) ?? data;
      case messageAwareness:
        return keptAwareness(decoder, bounds);
      case messageQueryAwareness:
        return data;
      case messageName:
        return sameBrowser ? data : 'peer-message-unknown-kind';
      default:
        return 'peer-message-unknown-kind';
    }
  } catch {
    return 'peer-message-malformed';
  }
}

function keptAwareness(decoder: decoding.Decoder, bounds: PeerBounds): Uint8Array | undefined {
  const kept = sieveAwareness(decoding.readVarUint8Array(decoder), bounds.awareness);
  if (kept === undefined) return undefined;
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, messageAwareness);
  encoding.writeVarUint8Array(encoder, kept);
  return encoding.toUint8Array(encoder);
}

/** Throws on what is malformed. */
function syncProblem(decoder: decoding.Decoder, bounds: PeerBounds): string | undefined {
  const step = decoding.readVarUint(decoder);
  const body = decoding.readVarUint8Array(decoder);
  if (step === syncStep1) {
    Y.decodeStateVector(body);
    return undefined;
  }
  const problem = updateProblem(body, bounds.knownClock);
  return problem ?? (bounds.documentFull(body.length) ? 'document-full' : undefined);
}
