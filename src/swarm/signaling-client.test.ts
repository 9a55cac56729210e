import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import { createSignalingServer, type SignalingServer } from '../../signaling-server/server.ts';
import { ManualClock } from '../base/clock.ts';
import { SeededRandom } from '../base/random.ts';
import { SignalingClient } from './signaling-client.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startServer(port = 0): Promise<SignalingServer> {
  const server = await createSignalingServer({ port, host: '127.0.0.1' });
  cleanups.push(() => server.close());
  return server;
}

const openSocket = (url: string) => new NodeWebSocket(url) as unknown as WebSocket;

function client(servers: readonly SignalingServer[], clock = new ManualClock()): SignalingClient {
  const made = new SignalingClient({
    urls: servers.map(({ url }) => url.replace('http', 'ws')),
    clock,
    random: new SeededRandom(5),
    openSocket,
  });
  cleanups.push(() => made.close());
  return made;
}

const connected = (one: SignalingClient) => vi.waitFor(() => expect(one.connected).toBe(true));

describe('the signaling client', () => {
  it('hears what is published on its topics and nothing else, and nothing after it ends a subscription', async () => {
    const server = await startServer();
    const [a, b] = [client([server]), client([server])];
    const heard: unknown[] = [];
    const end = a.subscribe('x', (data) => heard.push(data));
    const sentinel: unknown[] = [];
    a.subscribe('sentinel', (data) => sentinel.push(data));
    await Promise.all([connected(a), connected(b)]);
    await vi.waitFor(() => expect(server.metrics()).toContain('starling_signaling_topics 2\n'));
    b.publish('x', { n: 1 });
    b.publish('y', { n: 2 });
    await vi.waitFor(() => expect(heard).toEqual([{ n: 1 }]));
    end();
    await vi.waitFor(() => expect(server.metrics()).toContain('starling_signaling_topics 1\n'));
    b.publish('x', { n: 3 });
    b.publish('sentinel', 0);
    await vi.waitFor(() => expect(sentinel).toEqual([0]));
    expect(heard).toEqual([{ n: 1 }]);
  });

  it('comes back to a server that was restarted, with its subscriptions, and says so', async () => {
    const first = await startServer();
    const clock = new ManualClock();
    const one = client([first], clock);
    const heard: unknown[] = [];
    one.subscribe('x', (data) => heard.push(data));
    let connections = 0;
    one.onConnected(() => connections++);
    await vi.waitFor(() => expect(connections).toBe(1));
    await first.close();
    await vi.waitFor(() => expect(one.connected).toBe(false));
    const second = await startServer(first.port);
    await vi.waitFor(() => {
      clock.advance(500);
      expect(connections).toBe(2);
    });
    await vi.waitFor(() => expect(second.metrics()).toContain('starling_signaling_topics 1\n'));
    one.publish('x', 'mine');
    await vi.waitFor(() => expect(heard).toEqual(['mine']));
  });

  it('waits longer after each failure, at most 30 s, and spreads its tries', () => {
    const clock = new ManualClock();
    const triedAt: number[] = [];
    const sockets: { onclose?: () => void; readyState: number; close(): void }[] = [];
    const one = new SignalingClient({
      urls: ['ws://nowhere'],
      clock,
      random: new SeededRandom(1),
      openSocket: () => {
        triedAt.push(clock.now());
        const socket = { readyState: 3, close: () => undefined };
        sockets.push(socket);
        return socket as unknown as WebSocket;
      },
    });
    for (let i = 0; i < 12; i++) {
      sockets.at(-1)?.onclose?.();
      clock.advance(30_000);
    }
    const waits = triedAt.slice(1).map((at, i) => at - (i === 0 ? 0 : 30_000 * i));
    waits.forEach((wait, i) => {
      const longest = Math.min(30_000, 500 * 2 ** i);
      expect(wait).toBeGreaterThanOrEqual(longest / 2);
      expect(wait).toBeLessThanOrEqual(longest);
    });
    expect(waits).toHaveLength(12);
    one.close();
  });

  it('gives up a connection on which nothing answers a ping', () => {
    const clock = new ManualClock();
    let opened = 0;
    const silent = {
      readyState: 1,
      sent: [] as string[],
      send: (text: string) => silent.sent.push(text),
      close: () => undefined,
      onopen: undefined as (() => void) | undefined,
    };
    const one = new SignalingClient({
      urls: ['ws://silent'],
      clock,
      random: new SeededRandom(1),
      openSocket: () => {
        opened++;
        return silent as unknown as WebSocket;
      },
    });
    silent.onopen?.();
    clock.advance(25_000);
    expect(silent.sent).toEqual(['{"type":"ping"}']);
    clock.advance(25_000);
    expect(opened).toBe(1);
    clock.advance(1000);
    expect(opened).toBe(2);
    one.close();
  });

  it('counts what a server sends that is not signaling', () => {
    let socket: { onmessage?: (event: { data: unknown }) => void } = {};
    const one = new SignalingClient({
      urls: ['ws://odd'],
      clock: new ManualClock(),
      random: new SeededRandom(1),
      openSocket: () => (socket = { close: () => undefined } as typeof socket) as unknown as WebSocket,
    });
    for (const data of ['{', '[]', '{"type":"publish"}', '{"type":"pong"}', new ArrayBuffer(3)])
      socket.onmessage?.({ data });
    expect(one.rejections).toEqual({ 'not JSON': 1, 'wrong shape': 2 });
    one.close();
  });
});
