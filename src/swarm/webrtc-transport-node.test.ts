// Node's WebRTC under the same transport as the browsers': no signaling server, loopback or the machine's own address only.
import wrtc from '@roamhq/wrtc';
import { expect, test } from 'vitest';
import { realClock } from '../base/clock.ts';
import { SeededRandom } from '../base/random.ts';
import { testTransportContract, type TransportMesh } from '../testing/transport-contract.ts';
import { createIdentity } from './identity.ts';
import type { Signaling } from './signaling-client.ts';
import type { Transport } from './transport.ts';
import { WebRtcTransport } from './webrtc-transport.ts';
import { highWaterBytes } from './webrtc-transport-link.ts';
import { simplePeerWires } from './webrtc-transport-wire.ts';

/** Topics in one process. */
function board(): Signaling {
  const topics = new Map<string, Set<(data: unknown) => void>>();
  return {
    subscribe(topic, listener) {
      topics.set(topic, (topics.get(topic) ?? new Set()).add(listener));
      return () => topics.get(topic)?.delete(listener);
    },
    publish(topic, data) {
      for (const listener of [...(topics.get(topic) ?? [])])
        queueMicrotask(() => listener(JSON.parse(JSON.stringify(data))));
    },
    onConnected(listener) {
      listener();
      return () => undefined;
    },
  };
}

async function mesh(count: number): Promise<TransportMesh> {
  const signaling = board();
  const transports: WebRtcTransport[] = [];
  for (let i = 0; i < count; i++) {
    transports.push(
      new WebRtcTransport({
        signer: await createIdentity(),
        room: 'node',
        signaling,
        clock: realClock,
        random: new SeededRandom(1 + i),
        openWire: simplePeerWires({ iceServers: [], clock: realClock, wrtc }),
      }),
    );
  }
  return {
    transports,
    close() {
      for (const transport of transports) transport.close();
    },
  };
}

testTransportContract("Node's WebRTC", mesh);

test(
  'more than a channel may queue drains in Node too, where no channel says that it is low',
  { timeout: 20_000 },
  async () => {
    const { transports, close } = await mesh(2);
    const [from, to] = transports as [Transport, Transport];
    const message = Uint8Array.from({ length: 1 << 20 }, (_, i) => i & 255);
    const count = Math.ceil((6 * highWaterBytes) / message.length);
    let arrived = 0;
    let wrong = 0;
    const all = new Promise<void>((resolve) => {
      to.listen((event) => {
        if (event.kind !== 'message') return;
        arrived++;
        if (Buffer.compare(event.bytes, message) !== 0) wrong++;
        if (arrived === count) resolve();
      });
    });
    await new Promise<void>((resolve) => {
      from.listen((event) => {
        if (event.kind === 'peer-up') resolve();
      });
    });
    for (let i = 0; i < count; i++) expect(from.send(to.self, message)).toBe('queued');
    await all;
    expect(wrong).toBe(0);
    await close();
  },
);
