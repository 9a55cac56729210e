import * as v from 'valibot';
import type { WebrtcProvider } from 'y-webrtc';
import type { Seal } from './invitation.ts';
import type { CountRejection } from './shared-doc-bounds.ts';
import { SealedSignals } from './shared-doc-seal.ts';

/** Stands between y-webrtc and the signaling servers, whose messages may be anything: y-webrtc throws on some. */

/** Most tabs one document connects to. */
const maxConnections = 64;

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

/** What y-webrtc's signaling connection is, of what we touch: lib0's WebsocketClient. One serves all rooms. */
interface Line {
  readonly providers: ReadonlySet<Pick<WebrtcProvider, 'roomName' | 'room'>>;
  ws: { onmessage: ((event: unknown) => void) | null } | null;
  emit(name: string, args: unknown[]): void;
  send(message: unknown): void;
}

const guarded = new WeakSet<object>();

/** What is to be known of a room that this page has open. */
export interface GuardedRoom {
  /** Counts what comes for it. */
  readonly count: CountRejection;
  /** Of a room by invitation: through which its signals go. */
  readonly seal?: Seal | undefined;
}

/**
 * Guards the signaling connections of a provider, which it may share with those of other rooms, which `rooms` knows. What belongs
 * to none of them is counted by whoever guarded the connection first.
 */
export function guardSignaling(
  provider: WebrtcProvider,
  count: CountRejection,
  rooms: ReadonlyMap<string, GuardedRoom> = new Map(),
): void {
  for (const line of provider.signalingConns as Line[]) {
    if (guarded.has(line)) continue;
    guarded.add(line);
    const emit = line.emit.bind(line);
    const send = line.send.bind(line);
    const sealed = new SealedSignals();
    const take = (name: string, args: unknown[], counting: CountRejection): void => {
      if (name === 'message' && !isSignal(args[0], line)) {
        counting('signaling-wrong-shape');
        return;
      }
      try {
        emit(name, args);
      } catch {
        counting('signaling-handler-failed');
      }
    };
    const sendNow = (message: unknown): void => {
      if (!isOfOpenRoom(message, line)) return;
      try {
        send(message);
      } catch {
        count('signaling-not-sent'); // the socket is not open again yet
      }
    };
    line.emit = (name, args) => {
      if (name === 'connect') guardParsing(line, count);
      const room = name === 'message' ? rooms.get(topicOf(args[0])) : undefined;
      const counting = room?.count ?? count;
      if (room?.seal === undefined || !isPublished(args[0])) take(name, args, counting);
      else sealed.open(room.seal, args[0], (opened) => take(name, [opened], counting), counting);
    };
    line.send = (message) => {
      const room = rooms.get(topicOf(message));
      if (room?.seal === undefined || !isPublished(message)) sendNow(message);
      else sealed.shut(room.seal, message, sendNow, room.count);
    };
  }
}

const topicOf = (message: unknown): string => {
  const topic = (message as { topic?: unknown } | null | undefined)?.topic;
  return typeof topic === 'string' ? topic : '';
};

const isPublished = (message: unknown): message is { readonly topic: string; readonly data?: unknown } =>
  (message as { type?: unknown } | null | undefined)?.type === 'publish';

/** A closing room's connections end one by one, and for each y-webrtc announces the room again as if it were still open. */
function isOfOpenRoom(message: unknown, line: Line): boolean {
  const { type, topic, topics } = message as { type?: unknown; topic?: unknown; topics?: unknown[] };
  const named = type === 'publish' ? [topic] : type === 'subscribe' ? (topics ?? []) : [];
  const open = new Set<unknown>([...line.providers].map(({ roomName }) => roomName));
  return named.every((name) => open.has(name));
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

function isSignal(message: unknown, line: Line): boolean {
  if (typeof message !== 'object' || message === null) return false;
  const { type, topic, data } = message as { type?: unknown; topic?: unknown; data?: unknown };
  // What is not a publish for an open room does nothing in y-webrtc.
  const provider = [...line.providers].find(({ roomName }) => roomName === topic);
  if (type !== 'publish' || provider === undefined) return true;
  const parsed = v.safeParse(announced, data, { abortEarly: true });
  if (!parsed.success) return false;
  const known = provider.room?.webrtcConns;
  return known === undefined || known.has(parsed.output.from) || known.size < maxConnections;
}
