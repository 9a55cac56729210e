import { utf8, type Bytes } from '../../src/base/bytes.ts';
import type { PeerId } from '../../src/base/ids.ts';
import type { SeededRandom } from '../../src/base/random.ts';
import { accepted, refused, type Decoded } from '../../src/base/verdict.ts';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeMessage,
  type ClientMessage,
  type ServerMessage,
} from '../../src/swarm/signaling-protocol.ts';
import { decodeSignal, type MeshSignal, type SignalBody } from '../../src/swarm/webrtc-transport-signals.ts';
import { draw, drawCount, drawHex, drawList, oneIn, pick } from './draw.ts';
import { jsonTarget, textOf } from './json-target.ts';
import { jsonText } from './mutate-values.ts';
import type { FuzzTarget } from './target.ts';

const peer = (random: SeededRandom): PeerId => drawHex(random, 16) as PeerId;
const name = (random: SeededRandom): string => drawHex(random, 1 + draw(random, 8));

function clientMessage(random: SeededRandom): ClientMessage {
  switch (draw(random, 4)) {
    case 0:
      return { type: 'ping' };
    case 1:
      return { type: 'subscribe', topics: drawList(random, 4, () => name(random)) };
    case 2:
      return { type: 'unsubscribe', topics: drawList(random, 4, () => name(random)) };
    default:
      return { type: 'publish', topic: name(random), clients: draw(random, 9), data: signal(random) };
  }
}

const serverMessage = (random: SeededRandom): ServerMessage =>
  oneIn(random, 4)
    ? { type: 'pong' }
    : { type: 'publish', topic: name(random), clients: draw(random, 9), data: signal(random) };

const signaling = (write: (value: never) => string | undefined) => (value: unknown) => {
  const text = write(value as never);
  return text === undefined ? undefined : utf8(text);
};

/** A signal with its payload still apart. */
interface OpenSignal {
  readonly key: string;
  readonly signature: string;
  readonly payload: { readonly session: string; readonly to: MeshSignal['to']; readonly body: SignalBody };
}

const self = 'ab'.repeat(16) as PeerId;

function signalBody(random: SeededRandom): SignalBody {
  const link = drawCount(random, 1e9);
  switch (draw(random, 4)) {
    case 0:
      return { kind: 'announce' };
    case 1:
      return { kind: 'hello', link };
    case 2:
      return { kind: pick(random, ['offer', 'answer']), link, sdp: `v=0\r\na=${drawHex(random, 200)}\r\n` };
    default:
      return {
        kind: 'candidate',
        link,
        candidate: `candidate:${name(random)} 1 udp 2113937151 127.0.0.1 ${draw(random, 65_536)} typ host`,
        sdpMid: oneIn(random, 4) ? null : '0',
        sdpMLineIndex: oneIn(random, 4) ? null : draw(random, 256),
      };
  }
}

function signal(random: SeededRandom): OpenSignal {
  const body = signalBody(random);
  const to =
    body.kind === 'announce'
      ? undefined
      : { peer: oneIn(random, 8) ? peer(random) : self, session: drawHex(random, 16) };
  const payload = { session: drawHex(random, 16), to, body };
  return { key: drawHex(random, 32), signature: drawHex(random, 64), payload };
}

const signalEnvelope = ({ key, signature, payload, ...others }: OpenSignal): unknown => ({
  ...others,
  starling: 1,
  key,
  signature,
  payload: typeof payload === 'object' ? jsonText(payload) : payload,
});

/** Every signature is right here, and a hash is 32 zeros: what comes after them is what is attacked. */
const lenientCrypto = {
  verify: () => Promise.resolve(true),
  sha256: () => Promise.resolve(new Uint8Array(32)),
};

/** A signal as it was decoded, with the key it came with. */
interface HeardSignal {
  readonly key: string;
  readonly signal: MeshSignal | undefined;
}

async function decodeHeard(bytes: Bytes): Promise<Decoded<HeardSignal>> {
  let data: unknown;
  try {
    data = JSON.parse(textOf(bytes));
  } catch {
    return refused('not JSON');
  }
  const decoded = await decodeSignal(data, 'room', self, lenientCrypto);
  return decoded.ok ? accepted({ key: (data as { key: string }).key, signal: decoded.value }) : decoded;
}

export const signalingTargets: readonly FuzzTarget[] = [
  jsonTarget<ClientMessage, ClientMessage>('signaling-client-message', {
    generate: clientMessage,
    decode: (bytes) => decodeClientMessage(textOf(bytes)),
    encode: signaling(encodeMessage),
    rounds: true, // 1e400 reads as infinity, which is written as null
    notJson: ['not JSON'],
  }),
  jsonTarget<ServerMessage, ServerMessage>('signaling-server-message', {
    generate: serverMessage,
    decode: (bytes) => decodeServerMessage(textOf(bytes)),
    encode: signaling(encodeMessage),
    rounds: true, // 1e400 reads as infinity, which is written as null
    notJson: ['not JSON'],
  }),
  jsonTarget<OpenSignal, HeardSignal>('mesh-signal', {
    generate: signal,
    json: signalEnvelope,
    decode: decodeHeard,
    encode: ({ key, signal: heard }) =>
      heard &&
      utf8(
        jsonText(
          signalEnvelope({
            key,
            signature: '00'.repeat(64),
            payload: { session: heard.session, to: heard.to, body: heard.body },
          }),
        ),
      ),
    notJson: ['not JSON'],
  }),
];
