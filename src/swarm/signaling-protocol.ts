import * as v from 'valibot';
import { accepted, refused, type Decoded } from '../base/verdict.ts';

/**
 * The signaling messages, one JSON object each: y-webrtc's protocol (y-webrtc 10, bin/server.js), so that stock y-webrtc
 * clients and ours share a server. A client subscribes to topics and publishes to them; the server forwards what is
 * published, with the number of subscribers, to all subscribers of the topic, the sender among them. It keeps nothing.
 */

/** The longest topic name, in UTF-16 code units. */
export const maxTopicLength = 256;

/** The longest message either side sends, in bytes. An SDP offer with all its candidates is below 8 KiB. */
export const maxSignalingMessageBytes = 64 * 1024;

const topic = v.pipe(v.string(), v.minLength(1), v.maxLength(maxTopicLength));

const subscribe = v.object({ type: v.literal('subscribe'), topics: v.optional(v.array(topic), []) });
const unsubscribe = v.object({ type: v.literal('unsubscribe'), topics: v.optional(v.array(topic), []) });
const ping = v.object({ type: v.literal('ping') });
const pong = v.object({ type: v.literal('pong') });
/** What a publish carries besides its topic belongs to the clients and is forwarded as it came. */
const publish = v.looseObject({ type: v.literal('publish'), topic });

const clientMessage = v.variant('type', [subscribe, unsubscribe, publish, ping]);
const serverMessage = v.variant('type', [publish, pong]);

export type ClientMessage = v.InferOutput<typeof clientMessage>;
export type ServerMessage = v.InferOutput<typeof serverMessage>;

function decode<T>(text: string, schema: v.GenericSchema<unknown, T>): Decoded<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refused('not JSON');
  }
  const result = v.safeParse(schema, json, { abortEarly: true });
  return result.success ? accepted(result.output) : refused('wrong shape');
}

/** What a client sent, or why it is refused: `not JSON` or `wrong shape`. Any text may be given. */
export const decodeClientMessage = (text: string): Decoded<ClientMessage> => decode(text, clientMessage);

/** What a server sent, or why it is refused: `not JSON` or `wrong shape`. Any text may be given. */
export const decodeServerMessage = (text: string): Decoded<ServerMessage> => decode(text, serverMessage);

/** The text of a message, or undefined when it nests too deeply to be written. */
export function encodeMessage(message: ClientMessage | ServerMessage): string | undefined {
  try {
    return JSON.stringify(message);
  } catch {
    return undefined;
  }
}
