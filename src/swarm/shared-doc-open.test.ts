import wrtc from '@roamhq/wrtc';
import * as broadcast from 'lib0/broadcastchannel';
import { afterAll, expect, test, vi } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import { createSignalingServer } from '../../signaling-server/server.ts';
import { openSharedDoc } from './shared-doc.ts';

interface Heard {
  readonly type: string;
  readonly topic: string;
  /** How many hear the room. */
  readonly clients: number;
  readonly data: { readonly type: string; readonly to?: string };
}

const { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate } = wrtc as unknown as Record<
  string,
  unknown
>;
Object.assign(globalThis, {
  RTCPeerConnection,
  RTCSessionDescription,
  RTCIceCandidate,
  WebSocket: NodeWebSocket,
});

const server = await createSignalingServer({ port: 0, host: '127.0.0.1' });
afterAll(() => server.close());

/** A client of the signaling server that hears both rooms. */
async function listen() {
  const socket = new NodeWebSocket(server.url.replace('http', 'ws'));
  const heard: Heard[] = [];
  socket.on('message', (data) => heard.push(JSON.parse((data as Buffer).toString()) as Heard));
  await vi.waitFor(() => {
    expect(socket.readyState).toBe(NodeWebSocket.OPEN);
  });
  const send = (message: unknown) => {
    socket.send(JSON.stringify(message));
  };
  send({ type: 'subscribe', topics: ['a', 'b'] });
  const announce = (topic: string, from: string) => {
    send({ type: 'publish', topic, data: { type: 'announce', from } });
  };
  const offered = (topic: string, to: string) =>
    vi.waitFor(
      () => {
        expect(heard.some((one) => one.topic === topic && one.data.to === to)).toBe(true);
      },
      { timeout: 10_000 },
    );
  return { socket, heard, send, announce, offered };
}

test('two rooms share a signaling connection: each is guarded, and one that is closed is gone', async () => {
  const signalingUrls = [server.url.replace('http', 'ws')];
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const spy = await listen();
  const a = await openSharedDoc({ room: 'a', signalingUrls });
  const b = await openSharedDoc({ room: 'b', signalingUrls });
  await expect(openSharedDoc({ room: 'b', signalingUrls })).rejects.toMatchObject({
    code: 'room-already-open',
  });
  await vi.waitFor(() => {
    expect([a, b].map(({ shared }) => shared.view().signaling)).toEqual([true, true]);
  });
  spy.announce('b', 'someone');
  await spy.offered('b', 'someone');

  // The room that was opened second counts what comes for it, and survives it.
  spy.send({ type: 'publish', topic: 'b', data: { type: 'signal', from: 'someone' } });
  await vi.waitFor(() => {
    expect(b.shared.view().rejections).toEqual({ 'signaling-wrong-shape': 1 });
  });
  expect(a.shared.view().rejections).toEqual({});

  // Another tab of this browser may be an old version of the page.
  broadcast.publish('b', new Uint8Array([0, 2, 200]));
  broadcast.publish('b', new Uint8Array([9]));
  broadcast.publish('b', 'text');
  await vi.waitFor(() => {
    expect(b.shared.view().rejections).toMatchObject({
      'peer-message-malformed': 1,
      'peer-message-unknown-kind': 1,
      'peer-message-not-bytes': 1,
    });
  });

  spy.heard.length = 0;
  await b.close();
  spy.announce('a', 'a first');
  await spy.offered('a', 'a first');
  spy.announce('b', 'after');
  spy.announce('a', 'a second');
  await spy.offered('a', 'a second');
  // Nobody announced the closed room again as its connections ended. The announce comes back to its sender, and the server
  // says that nobody else hears that room.
  expect(spy.heard.filter(({ topic }) => topic === 'b').map(({ data, clients }) => [data, clients])).toEqual([
    [{ type: 'announce', from: 'after' }, 1],
  ]);

  const again = await openSharedDoc({ room: 'b', signalingUrls });
  spy.announce('b', 'late');
  await spy.offered('b', 'late');
  await again.close();
  await a.close();
  expect(unhandled).not.toHaveBeenCalled();
  process.off('unhandledRejection', unhandled);
  spy.socket.terminate();
});
