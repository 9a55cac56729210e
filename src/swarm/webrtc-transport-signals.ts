import * as v from 'valibot';
import { fromHex, toHex, utf8 } from '../base/bytes.ts';
import { isPeerId, type PeerId } from '../base/ids.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import type { Signer, SwarmCrypto } from './identity.ts';
import { peerIdOf, publicKeyBytes, signatureBytes } from './identity.ts';

/**
 * What volunteers tell each other through the signaling server to connect, signed, so that the server cannot sit in the
 * middle: whoever changes an SDP changes what is signed, and the DTLS certificate of the connection is named in the SDP.
 * A session is drawn anew each time a transport opens; an offer names the session it answers, so that one recorded
 * earlier opens nothing.
 */
export type SignalBody =
  /** To everyone: I am here. */
  | { readonly kind: 'announce' }
  /** To one: I am here too; the newest link I have with you is `link`, 0 if none. */
  | { readonly kind: 'hello'; readonly link: number }
  | {
      readonly kind: 'offer' | 'answer';
      /** Counts the initiator's attempts in this session of its own, with whomever, from 1. */
      readonly link: number;
      readonly sdp: string;
    }
  | {
      readonly kind: 'candidate';
      readonly link: number;
      readonly candidate: string;
      readonly sdpMid: string | null;
      readonly sdpMLineIndex: number | null;
    };

export interface MeshSignal {
  readonly from: PeerId;
  /** The sender's session. */
  readonly session: string;
  /** Whom it is for and in which session of theirs; undefined: everyone. */
  readonly to: { readonly peer: PeerId; readonly session: string } | undefined;
  readonly body: SignalBody;
}

/** 32 lower-case hex digits. */
export const isSession = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

const session = v.pipe(v.string(), v.check(isSession));
const peer = v.custom<PeerId>(isPeerId);
const link = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e9));
const sdp = v.pipe(v.string(), v.minLength(1), v.maxLength(16_384));

const bodySchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('announce') }),
  v.strictObject({ kind: v.literal('hello'), link }),
  v.strictObject({ kind: v.picklist(['offer', 'answer']), link, sdp }),
  v.strictObject({
    kind: v.literal('candidate'),
    link,
    candidate: v.pipe(v.string(), v.maxLength(1024)),
    sdpMid: v.nullable(v.pipe(v.string(), v.maxLength(64))),
    sdpMLineIndex: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255))),
  }),
]);

const payloadSchema = v.strictObject({
  session,
  to: v.optional(v.strictObject({ peer, session })),
  body: bodySchema,
});

const envelopeSchema = v.strictObject({
  starling: v.literal(1),
  key: v.pipe(v.string(), v.length(2 * publicKeyBytes)),
  signature: v.pipe(v.string(), v.length(2 * signatureBytes)),
  payload: v.pipe(v.string(), v.maxLength(24_576)),
});

const signedBytes = (room: string, payload: string) => utf8(`starling mesh 1\n${room}\n${payload}`);

/** A signal as it is published: plain JSON. */
export async function encodeSignal(
  signal: Omit<MeshSignal, 'from'>,
  room: string,
  signer: Signer,
): Promise<unknown> {
  const payload = JSON.stringify({ session: signal.session, to: signal.to, body: signal.body });
  const signature = await signer.sign(signedBytes(room, payload));
  return { starling: 1, key: toHex(signer.publicKey), signature: toHex(signature), payload };
}

/**
 * The signal in what was published, checked: shape, signature, and `from` as the hash of the key. Undefined when it is for
 * somebody else. Anything may be given.
 */
export async function decodeSignal(
  data: unknown,
  room: string,
  self: PeerId,
  crypto: SwarmCrypto,
): Promise<Decoded<MeshSignal | undefined>> {
  const envelope = v.safeParse(envelopeSchema, data, { abortEarly: true });
  if (!envelope.success) return refused('signal-wrong-shape');
  let json: unknown;
  try {
    json = JSON.parse(envelope.output.payload);
  } catch {
    return refused('signal-wrong-shape');
  }
  const payload = v.safeParse(payloadSchema, json, { abortEarly: true });
  if (!payload.success) return refused('signal-wrong-shape');
  const { to, body } = payload.output;
  if ((to === undefined) !== (body.kind === 'announce')) return refused('signal-wrong-shape');
  if (to !== undefined && to.peer !== self) return accepted(undefined);
  const key = fromHex(envelope.output.key);
  const signature = fromHex(envelope.output.signature);
  if (key === undefined || signature === undefined) return refused('signal-wrong-shape');
  if (!(await crypto.verify(key, signedBytes(room, envelope.output.payload), signature)))
    return refused('signal-bad-signature');
  const from = await peerIdOf(key, (bytes) => crypto.sha256(bytes));
  return accepted({ from, session: payload.output.session, to, body });
}
