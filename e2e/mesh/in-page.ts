// Bundled by transport.spec.ts: the real WebRtcTransport in a page, and seeded messages to send over it.
import { realClock } from '../../src/base/clock.ts';
import { SeededRandom, mix32 } from '../../src/base/random.ts';
import { framedLength } from '../../src/swarm/framing.ts';
import { createIdentity } from '../../src/swarm/identity.ts';
import { SignalingClient } from '../../src/swarm/signaling-client.ts';
import type { PeerId } from '../../src/base/ids.ts';
import { WebRtcTransport } from '../../src/swarm/webrtc-transport.ts';

const longest = 1 << 20;

let transport: WebRtcTransport | undefined;
const heard: { readonly kind: string; readonly peer: string; readonly detail: string }[] = [];
let received = 0;
let firstDifference: string | undefined;

/** Message `index` of the `count` seeded ones: empty first, 1 MiB last, between them any size on a logarithmic scale. */
function message(seed: number, index: number, count: number): Uint8Array<ArrayBuffer> {
  const random = new SeededRandom(mix32(seed + index));
  const drawn = Math.floor(longest ** random.float());
  const bytes = new Uint8Array(index === 0 ? 0 : index === count - 1 ? longest : drawn);
  let word = random.u32();
  for (let i = 0; i < bytes.length; i++) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = word >>> 24;
  }
  return bytes;
}

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

/** Joins the room, and from then on compares what arrives with the seeded messages, in order. */
export async function join(room: string, signalingUrl: string, seed: number, count: number): Promise<string> {
  const random = new SeededRandom(crypto.getRandomValues(new Uint32Array(1))[0] ?? 0);
  const signaling = new SignalingClient({ urls: [signalingUrl], clock: realClock, random });
  transport = new WebRtcTransport({
    signer: await createIdentity(),
    room,
    signaling,
    clock: realClock,
    random,
  });
  // As the app does it.
  addEventListener('pagehide', () => transport?.close());
  transport.listen((event) => {
    if (event.kind !== 'message') {
      heard.push({
        kind: event.kind,
        peer: event.peer,
        detail: event.kind === 'rejected' ? event.reason : '',
      });
      return;
    }
    const expected = message(seed, received, count);
    if (!same(event.bytes, expected))
      firstDifference ??= `message ${received}: ${event.bytes.length} bytes, not the ${expected.length} sent`;
    received++;
  });
  return transport.self;
}

/** Sends every seeded message to `peer` at once; resolves with the answers of send and the bytes of all frames. */
export function sendAll(peer: string, seed: number, count: number) {
  const outcomes = new Set<string>();
  let framed = 0;
  for (let index = 0; index < count; index++) {
    const bytes = message(seed, index, count);
    outcomes.add(transport?.send(peer as PeerId, bytes) ?? 'no transport');
    framed += framedLength(bytes.length);
  }
  return { outcomes: [...outcomes], framed };
}

export async function look() {
  return {
    peers: transport?.peers() ?? [],
    heard,
    received,
    firstDifference,
    stats: await transport?.stats(),
  };
}
