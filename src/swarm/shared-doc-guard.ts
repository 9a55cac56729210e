import * as decoding from 'lib0/decoding';
import * as v from 'valibot';
import * as Y from 'yjs';
import type { WebrtcConn, WebrtcProvider } from 'y-webrtc';
import type { Clock } from '../base/clock.ts';

/**
 * y-webrtc throws from its event handlers on messages that are not well-formed: from a signaling server or from another
 * tab. These guards stand before it: what it would choke on is dropped and counted, and what it throws all the same is
 * caught.
 */
export type CountRejection = (reason: string) => void;

/** Most tabs one document connects to. */
const maxConnections = 64;

/** A connection that is not open by then is given up: y-webrtc would wait for ever, and stop at 20 to 35 of them. */
const connectMs = 30_000;

/** A whole document, and what y-webrtc adds to it. */
export const maxPeerMessageBytes = (128 << 10) + 1024;

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
const announced = v.variant('type', [
  v.looseObject({ type: v.literal('announce'), from: id }),
  v.looseObject({
    type: v.literal('signal'),
    from: id,
    to: v.optional(id),
    signal: v.variant('type', [
      v.looseObject({ type: v.picklist(['offer', 'answer']), sdp: v.string() }),
      v.looseObject({ type: v.literal('candidate'), candidate: v.looseObject({ candidate: v.string() }) }),
    ]),
  }),
]);

/** What y-webrtc's signaling connection is, of what we touch: lib0's WebsocketClient. */
interface Line {
  ws: { onmessage: ((event: unknown) => void) | null } | null;
  emit(name: string, args: unknown[]): void;
  send(message: unknown): void;
}

interface Emitter {
  emit(name: string, ...args: unknown[]): boolean;
}

const guarded = new WeakSet<object>();

/** Guards the signaling connections of a provider, which it may share with others. */
export function guardSignaling(provider: WebrtcProvider, count: CountRejection): void {
  for (const line of provider.signalingConns as Line[]) {
    if (guarded.has(line)) continue;
    guarded.add(line);
    const emit = line.emit.bind(line);
    const send = line.send.bind(line);
    line.emit = (name, args) => {
      if (name === 'connect') guardParsing(line, count);
      if (name === 'message' && !isSignal(args[0], provider)) {
        count('signaling-wrong-shape');
        return;
      }
      try {
        emit(name, args);
      } catch {
        count('signaling-handler-failed');
      }
    };
    line.send = (message) => {
      try {
        send(message);
      } catch {
        count('signaling-not-sent'); // the socket is not open again yet
      }
    };
  }
}

/** lib0 parses what the server sends before anyone can look at it, and throws where it is not JSON. */
function guardParsing(line: Line, count: CountRejection): void {
  const socket = line.ws;
  const take = socket?.onmessage;
  if (socket === null || take === null || take === undefined) return;
  socket.onmessage = (event) => {
    try {
      take.call(socket, event);
    } catch {
      count('signaling-not-json');
    }
  };
}

function isSignal(message: unknown, provider: WebrtcProvider): boolean {
  if (typeof message !== 'object' || message === null) return false;
  const { type, topic, data } = message as { type?: unknown; topic?: unknown; data?: unknown };
  // What is not a publish for this room does nothing in y-webrtc.
  if (type !== 'publish' || topic !== provider.roomName) return true;
  const parsed = v.safeParse(announced, data, { abortEarly: true });
  if (!parsed.success) return false;
  const known = provider.room?.webrtcConns;
  return known === undefined || known.has(parsed.output.from) || known.size < maxConnections;
}

/** How much more other tabs may make this one hold. */
export interface PeerBounds {
  documentFull(moreBytes: number): boolean;
  awarenessFull(): boolean;
}

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
    guardPeer(connection.peer as Emitter, count, bounds, onChange);
    clock.after(connectMs, () => {
      if (connection.connected || connection.closed) return;
      count('peer-never-connected');
      connection.destroy();
    });
    return set(key, connection);
  };
}

function guardPeer(peer: Emitter, count: CountRejection, bounds: PeerBounds, onChange: () => void): void {
  const emit = peer.emit.bind(peer);
  peer.emit = (name, ...args) => {
    if (name === 'data') {
      const problem = peerMessageProblem(args[0], bounds);
      if (problem !== undefined) {
        count(problem);
        return true;
      }
    }
    try {
      return emit(name, ...args);
    } catch {
      count('peer-handler-failed');
      return true;
    } finally {
      if (name === 'connect' || name === 'close') onChange();
    }
  };
}

/**
 * Message kinds of y-webrtc. Its fourth, by which tabs of one browser tell each other their names, does not belong on WebRTC:
 * there anyone could name others, and we would never connect to them.
 */
const messageSync = 0;
const messageAwareness = 1;
const messageQueryAwareness = 3;
const syncStep1 = 0;

/** Why a message from another tab must not reach y-webrtc, or undefined. Any value may be given. */
export function peerMessageProblem(data: unknown, bounds: PeerBounds): string | undefined {
  if (!(data instanceof Uint8Array)) return 'peer-message-not-bytes';
  if (data.length > maxPeerMessageBytes) return 'peer-message-too-long';
  try {
    const decoder = decoding.createDecoder(data);
    switch (decoding.readVarUint(decoder)) {
      case messageSync:
        return syncProblem(decoder, bounds);
      case messageAwareness:
        return bounds.awarenessFull() ? 'awareness-full' : undefined;
      case messageQueryAwareness:
        return undefined;
      default:
        return 'peer-message-unknown-kind';
    }
  } catch {
    return 'peer-message-malformed';
  }
}

/** Throws on what is malformed. */
function syncProblem(decoder: decoding.Decoder, bounds: PeerBounds): string | undefined {
  const step = decoding.readVarUint(decoder);
  const body = decoding.readVarUint8Array(decoder);
  if (step === syncStep1) {
    Y.decodeStateVector(body);
    return undefined;
  }
  Y.decodeUpdate(body);
  return bounds.documentFull(body.length) ? 'document-full' : undefined;
}
