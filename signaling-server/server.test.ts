import { connect, type Socket } from 'node:net';
import { mkdtemp, mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ManualClock } from '../src/base/clock.ts';
import { keptCertificate } from './certificate.ts';
import { createSignalingServer, type SignalingServer, type SignalingServerOptions } from './server.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: Partial<SignalingServerOptions> = {}): Promise<SignalingServer> {
  const server = await createSignalingServer({ port: 0, host: '127.0.0.1', ...options });
  cleanups.push(() => server.close());
  return server;
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'starling-server-'));
  cleanups.push(() => rm(path, { recursive: true }));
  return path;
}

interface Published {
  readonly type: string;
  readonly topic?: string;
  readonly data?: unknown;
  readonly clients?: number;
}

/** A client that keeps what it is sent. */
class Client {
  readonly socket: WebSocket;
  readonly received: Published[] = [];
  closeCode: number | undefined;

  constructor(url: string) {
    this.socket = new WebSocket(url.replace('http', 'ws'), { rejectUnauthorized: false });
    this.socket.on('message', (data) =>
      this.received.push(JSON.parse((data as Buffer).toString()) as Published),
    );
    this.socket.on('close', (code) => (this.closeCode = code));
    this.socket.on('error', () => undefined);
    cleanups.push(() => this.socket.terminate());
  }

  static async open(server: SignalingServer): Promise<Client> {
    const client = new Client(server.url);
    await vi.waitFor(() => expect(client.socket.readyState).toBe(WebSocket.OPEN));
    return client;
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Resolves when the server has acted on all that was sent before: it answers in order. */
  async settled(): Promise<void> {
    const pongs = this.received.filter(({ type }) => type === 'pong').length;
    this.send({ type: 'ping' });
    await vi.waitFor(() =>
      expect(this.received.filter(({ type }) => type === 'pong').length).toBeGreaterThan(pongs),
    );
  }
}

const publishes = (client: Client): Published[] => client.received.filter(({ type }) => type === 'publish');

/** The server is alive and useful: two new clients reach each other. */
async function expectServing(server: SignalingServer): Promise<void> {
  const [a, b] = [await Client.open(server), await Client.open(server)];
  a.send({ type: 'subscribe', topics: ['serving'] });
  await a.settled();
  b.send({ type: 'publish', topic: 'serving', data: { hello: 1 } });
  await vi.waitFor(() => expect(publishes(a)).toHaveLength(1));
}

describe('signaling as stock y-webrtc clients speak it', () => {
  it('forwards a publish with the number of subscribers to every subscriber, the sender among them', async () => {
    const server = await start();
    const [a, b, other] = [await Client.open(server), await Client.open(server), await Client.open(server)];
    a.send({ type: 'subscribe', topics: ['room', 'room'] });
    b.send({ type: 'subscribe', topics: ['room'] });
    other.send({ type: 'subscribe', topics: ['another'] });
    await Promise.all([a.settled(), b.settled(), other.settled()]);
    a.send({ type: 'publish', topic: 'room', data: { type: 'announce', from: 'a' }, extra: [1] });
    await vi.waitFor(() => expect(publishes(b)).toHaveLength(1));
    const message = {
      type: 'publish',
      topic: 'room',
      data: { type: 'announce', from: 'a' },
      extra: [1],
      clients: 2,
    };
    expect(publishes(b)).toEqual([message]);
    await a.settled();
    expect(publishes(a)).toEqual([message]);
    await other.settled();
    expect(publishes(other)).toEqual([]);
  });

  it('stops forwarding after unsubscribe, and answers ping with pong', async () => {
    const server = await start();
    const [a, b] = [await Client.open(server), await Client.open(server)];
    a.send({ type: 'subscribe', topics: ['room'] });
    a.send({ type: 'unsubscribe', topics: ['room', 'never had'] });
    await a.settled();
    b.send({ type: 'publish', topic: 'room', data: 'x' });
    await b.settled();
    await a.settled();
    expect(publishes(a)).toEqual([]);
    expect(server.metrics()).toContain('starling_signaling_topics 0');
  });
});

describe('what a hostile client sends is refused, counted, and harms nobody', () => {
  it('text that is not JSON, and binary rubbish', async () => {
    const server = await start();
    const client = await Client.open(server);
    for (const text of ['', '{', 'hello', '[1,', '\u0000']) client.socket.send(text);
    client.socket.send(Buffer.from([0xff, 0xfe, 0x00]));
    await client.settled();
    expect(server.refused('not JSON')).toBe(6);
    await expectServing(server);
  });

  it('JSON of the wrong shape', async () => {
    const server = await start();
    const client = await Client.open(server);
    const shapes: unknown[] = [
      null,
      [],
      7,
      'publish',
      {},
      { type: 'nonsense' },
      { type: ['publish'] },
      { type: 'subscribe', topics: 'room' },
      { type: 'subscribe', topics: [7] },
      { type: 'subscribe', topics: ['x'.repeat(257)] },
      { type: 'unsubscribe', topics: { length: 3 } },
      { type: 'publish' },
      { type: 'publish', topic: { toString: 'x' } },
      { type: 'publish', topic: '' },
      { type: '__proto__' },
    ];
    for (const shape of shapes) client.send(shape);
    await client.settled();
    expect(server.refused('wrong shape')).toBe(shapes.length);
    await expectServing(server);
  });

  it('topics named like object members are ordinary topics', async () => {
    const server = await start();
    const client = await Client.open(server);
    client.send({ type: 'subscribe', topics: ['__proto__', 'constructor', 'toString'] });
    client.send({ type: 'publish', topic: 'constructor', data: 1 });
    await vi.waitFor(() => expect(publishes(client)).toHaveLength(1));
  });

  it('a message nested 30,000 deep', async () => {
    const server = await start();
    const client = await Client.open(server);
    client.send({ type: 'subscribe', topics: ['room'] });
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
    client.socket.send(`{"type":"publish","topic":"room","data":${deep}}`);
    await client.settled();
    expect(server.refused('nested too deeply') + publishes(client).length).toBe(1);
    await expectServing(server);
  });

  it('a message of 100 MB: the connection is closed before it is read', async () => {
    const server = await start();
    const client = await Client.open(server);
    client.socket.send(Buffer.alloc(100 << 20, 0x61));
    await vi.waitFor(() => expect(client.closeCode).toBeDefined(), { timeout: 20_000 });
    expect(server.refused('message too large')).toBe(1);
    await expectServing(server);
  });

  it('20,000 topics from one client: it gets 128', async () => {
    const server = await start();
    const client = await Client.open(server);
    for (let i = 0; i < 20; i++) {
      client.send({ type: 'subscribe', topics: Array.from({ length: 1000 }, (_, j) => `topic ${i} ${j}`) });
    }
    await client.settled();
    expect(server.metrics()).toContain('starling_signaling_topics 128\n');
    expect(server.refused('too many topics for a connection')).toBe(20_000 - 128);
    client.socket.close();
    await vi.waitFor(() => expect(server.metrics()).toContain('starling_signaling_topics 0\n'));
    await expectServing(server);
  });

  it('more topics than the server holds, from many clients', async () => {
    const server = await start({ limits: { topics: 3 } });
    const [a, b] = [await Client.open(server), await Client.open(server)];
    a.send({ type: 'subscribe', topics: ['1', '2'] });
    await a.settled();
    b.send({ type: 'subscribe', topics: ['2', '3', '4'] });
    await b.settled();
    expect(server.refused('too many topics')).toBe(1);
    expect(server.metrics()).toContain('starling_signaling_topics 3\n');
  });

  it('a client that never reads is cut, and the others still get everything', async () => {
    const server = await start({
      limits: { unreadBytes: 256 << 10, byteBurst: Infinity, messageBurst: Infinity },
    });
    const [reader, publisher] = [await Client.open(server), await Client.open(server)];
    const deaf = await Client.open(server);
    reader.send({ type: 'subscribe', topics: ['room'] });
    deaf.send({ type: 'subscribe', topics: ['room'] });
    await Promise.all([reader.settled(), deaf.settled()]);
    deaf.socket.pause();
    const data = 'x'.repeat(60_000);
    let sent = 0;
    while (server.refused('slow reader') === 0) {
      expect(sent, 'publishes before the slow reader was cut').toBeLessThan(2000);
      for (let i = 0; i < 20; i++, sent++) publisher.send({ type: 'publish', topic: 'room', data });
      await publisher.settled();
    }
    await vi.waitFor(() => expect(publishes(reader)).toHaveLength(sent));
    expect(server.metrics()).toContain('starling_signaling_connections 2\n');
    await expectServing(server);
  });

  it('abrupt closes in the middle of everything leave no subscription behind', async () => {
    const server = await start();
    for (let i = 0; i < 20; i++) {
      const client = await Client.open(server);
      client.send({ type: 'subscribe', topics: [`room ${i}`, 'shared'] });
      client.send({ type: 'publish', topic: 'shared', data: 'x'.repeat(1000) });
      if (i % 2 === 0) await client.settled();
      client.socket.terminate();
    }
    await vi.waitFor(() => expect(server.metrics()).toContain('starling_signaling_connections 0\n'));
    await vi.waitFor(() => expect(server.metrics()).toContain('starling_signaling_topics 0\n'));
    await expectServing(server);
  });

  it('frames that break the WebSocket protocol', async () => {
    const server = await start();
    const client = await Client.open(server);
    const raw = (client.socket as unknown as { _socket: Socket })._socket;
    // An unmasked frame with an unknown opcode and all reserved bits set.
    raw.write(Buffer.from([0xff, 0x05, 1, 2, 3, 4, 5]));
    await vi.waitFor(() => expect(server.refused('malformed frame')).toBe(1));
    await expectServing(server);
  });

  it('a flood: what passes the rate is refused, and a client that goes on is closed with 1008', async () => {
    const clock = new ManualClock();
    const server = await start({
      clock,
      limits: { messageBurst: 10, messagesPerSecond: 5, refusalBurst: 20, refusalsPerSecond: 1 },
    });
    const client = await Client.open(server);
    client.send({ type: 'subscribe', topics: ['room'] });
    for (let i = 0; i < 15; i++) client.send({ type: 'publish', topic: 'room', data: i });
    await vi.waitFor(() => expect(server.refused('message rate')).toBe(6));
    await vi.waitFor(() => expect(publishes(client)).toHaveLength(9));
    clock.advance(1000);
    for (let i = 0; i < 5; i++) client.send({ type: 'publish', topic: 'room', data: i });
    await vi.waitFor(() => expect(publishes(client)).toHaveLength(14));
    for (let i = 0; i < 40; i++) client.send({ type: 'ping' });
    await vi.waitFor(() => expect(client.closeCode).toBe(1008));
    expect(server.refused('too many refusals')).toBe(1);
  });

  it('more bytes than the rate allows', async () => {
    const server = await start({ clock: new ManualClock(), limits: { byteBurst: 1000 } });
    const client = await Client.open(server);
    client.send({ type: 'publish', topic: 'room', data: 'x'.repeat(900) });
    client.send({ type: 'publish', topic: 'room', data: 'x'.repeat(900) });
    await vi.waitFor(() => expect(server.refused('byte rate')).toBe(1));
  });

  it('more connections than one address may have, and than the server has', async () => {
    const perAddress = await start({ limits: { connectionsPerAddress: 2 } });
    await Client.open(perAddress);
    const second = await Client.open(perAddress);
    new Client(perAddress.url);
    await vi.waitFor(() => expect(perAddress.refused('too many connections from an address')).toBe(1));
    second.socket.close();
    await vi.waitFor(() => expect(perAddress.metrics()).toContain('starling_signaling_connections 1\n'));
    await Client.open(perAddress);
    const inAll = await start({ limits: { connections: 1 } });
    await Client.open(inAll);
    new Client(inAll.url);
    await vi.waitFor(() => expect(inAll.refused('too many connections')).toBe(1));
  });

  it('a client that answers no ping is cut at the second', async () => {
    const clock = new ManualClock();
    const server = await start({ clock });
    const client = await Client.open(server);
    await client.settled();
    (client.socket as unknown as { _socket: Socket })._socket.pause();
    clock.advance(30_000);
    expect(server.refused('no pong')).toBe(0);
    clock.advance(30_000);
    expect(server.refused('no pong')).toBe(1);
  });
});

/** Bytes a raw connection is answered with, until it is closed. */
async function rawAnswer(server: SignalingServer, bytes: string | Buffer): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(bytes);
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
  await new Promise((resolve) => socket.on('close', resolve));
  return answer;
}

describe('one port', () => {
  it('serves HTTP, HTTPS, ws and wss, and meets wss and ws clients in one topic', async () => {
    const certificate = await keptCertificate(await folder(), ['localhost', '127.0.0.1'], new Date());
    const server = await start({ certificate });
    expect(await (await fetch(`${server.url}/healthz`)).text()).toBe('ok\n');
    const secure = await new Promise<number | undefined>((resolve, reject) => {
      httpsRequest(
        { port: server.port, host: 'localhost', path: '/healthz', ca: certificate.cert, family: 4 },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on('error', reject)
        .end();
    });
    expect(secure).toBe(200);
    const plain = await Client.open(server);
    const encrypted = new Client(server.url.replace('http', 'https'));
    await vi.waitFor(() => expect(encrypted.socket.readyState).toBe(WebSocket.OPEN));
    encrypted.send({ type: 'subscribe', topics: ['room'] });
    await encrypted.settled();
    plain.send({ type: 'publish', topic: 'room', data: 1 });
    await vi.waitFor(() => expect(publishes(encrypted)).toHaveLength(1));
  });

  it('survives rubbish instead of HTTP and instead of TLS', async () => {
    const certificate = await keptCertificate(await folder(), ['localhost'], new Date());
    const server = await start({ certificate });
    expect(await rawAnswer(server, 'RUBBISH\r\n\r\n')).toContain('400');
    await rawAnswer(server, Buffer.from([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]));
    expect(server.refused('malformed HTTP')).toBe(1);
    expect(server.refused('TLS handshake')).toBe(1);
    await expectServing(server);
  });

  it('cuts TLS where there is no certificate, and a connection that never says a byte', async () => {
    const clock = new ManualClock();
    const server = await start({ clock });
    await rawAnswer(server, Buffer.from([0x16, 3, 1, 0, 5]));
    expect(server.refused('TLS not offered')).toBe(1);
    const silent = connect(server.port, '127.0.0.1');
    const gone = new Promise((resolve) => silent.on('close', resolve));
    await vi.waitFor(() => expect(server.metrics()).toContain('starling_sockets 1\n'));
    clock.advance(10_000);
    await gone;
    expect(server.refused('no first byte')).toBe(1);
  });

  it('cuts what never ends its HTTP headers or its TLS handshake', async () => {
    const certificate = await keptCertificate(await folder(), ['localhost'], new Date());
    const server = await start({ certificate, limits: { handshakeMs: 200 } });
    await Promise.all([
      rawAnswer(server, 'GET / HTTP/1.1\r\nHost: x\r\n'),
      rawAnswer(server, Buffer.from([0x16, 3, 1, 0, 200, 1])),
    ]);
    expect(server.refused('malformed HTTP')).toBe(1);
    expect(server.refused('TLS handshake')).toBe(1);
  });

  it('takes no more connections of any kind than it has room for, in all and from one address', async () => {
    for (const [limits, reason] of [
      [{ sockets: 2 }, 'too many connections'],
      [{ socketsPerAddress: 2 }, 'too many connections from an address'],
    ] as const) {
      const server = await start({ limits });
      const [first] = [await Client.open(server), await Client.open(server)];
      expect(await rawAnswer(server, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
      expect(server.refused(reason)).toBe(1);
      first.socket.terminate();
      await vi.waitFor(() => expect(server.metrics()).toContain('starling_sockets 1\n'));
      const answer = await rawAnswer(server, 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      expect(answer).toContain('200 OK');
    }
  });

  it('refuses a WebSocket handshake that is not one', async () => {
    const server = await start();
    const answer = await rawAnswer(
      server,
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    await expectServing(server);
  });
});

describe('the page', () => {
  async function site(): Promise<SignalingServer> {
    const root = await folder();
    const page = join(root, 'page');
    await mkdir(join(page, 'assets'), { recursive: true });
    await mkdir(join(page, 'corpus'));
    await writeFile(join(root, 'secret.txt'), 'secret');
    await writeFile(join(page, 'index.html'), '<!doctype html>page');
    await writeFile(join(page, '.hidden'), 'secret');
    await writeFile(join(page, 'assets', 'index-AbC_12-9.js'), 'export {}');
    await writeFile(join(page, 'corpus', `${'ab'.repeat(32)}.bin`), 'shard');
    await writeFile(join(page, 'corpus', 'manifest.json'), '{}');
    await symlink(join(root, 'secret.txt'), join(page, 'link.txt'));
    return start({ folders: { page, corpus: undefined } });
  }

  it('is served with types, a content policy, and caching by digest in the name', async () => {
    const server = await site();
    const index = await fetch(server.url);
    expect(await index.text()).toBe('<!doctype html>page');
    expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(index.headers.get('cache-control')).toBe('no-cache');
    expect(index.headers.get('x-content-type-options')).toBe('nosniff');
    expect(index.headers.get('content-security-policy')).toContain("script-src 'self'");
    const etag = index.headers.get('etag') ?? '';
    expect((await fetch(server.url, { headers: { 'If-None-Match': etag } })).status).toBe(304);
    const script = await fetch(`${server.url}/assets/index-AbC_12-9.js?x=1`);
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script.headers.get('cache-control')).toContain('immutable');
    const shard = await fetch(`${server.url}/corpus/${'ab'.repeat(32)}.bin`);
    expect(shard.headers.get('content-type')).toBe('application/octet-stream');
    expect(shard.headers.get('cache-control')).toContain('immutable');
    expect((await fetch(`${server.url}/corpus/manifest.json`)).headers.get('cache-control')).toBe('no-cache');
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
    '/link.txt',
    '/.hidden',
    '/assets',
    '/nothing',
    '/%00',
    '/%ff',
    'http://elsewhere/secret.txt',
    '//secret.txt',
  ])('gives nothing for %s', async (path) => {
    const server = await site();
    const answer = await rawAnswer(server, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(answer).not.toContain('secret');
  });

  it('is not sent for ever to one who stops reading', async () => {
    const page = await folder();
    await writeFile(join(page, 'large.bin'), '');
    await truncate(join(page, 'large.bin'), 64 << 20);
    const server = await start({ folders: { page, corpus: undefined }, limits: { idleMs: 300 } });
    const watcher = await Client.open(server);
    const deaf = connect(server.port, '127.0.0.1');
    deaf.on('error', () => undefined);
    cleanups.push(() => void deaf.destroy());
    deaf.write('GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n');
    deaf.pause();
    await vi.waitFor(() => expect(server.refused('slow reader')).toBe(1), { timeout: 10_000 });
    await vi.waitFor(() => expect(server.metrics()).toContain('starling_sockets 1\n'));
    // A signaling socket that says nothing is not idle in this sense.
    await watcher.settled();
  });

  it('refuses other methods, and says how to build a page that is not there', async () => {
    const server = await site();
    expect((await fetch(server.url, { method: 'POST', body: 'x' })).status).toBe(405);
    expect(server.refused('HTTP method')).toBe(1);
    const empty = await start({ folders: { page: join(tmpdir(), 'no such folder'), corpus: undefined } });
    const answer = await fetch(empty.url);
    expect([answer.status, await answer.text()]).toEqual([503, 'The page is not built. Run: npm start\n']);
  });
});

describe('shutdown', () => {
  it('closes sockets with 1001, and ends in time though one client never answers', async () => {
    const server = await start({ limits: { shutdownMs: 200 } });
    const [polite, deaf] = [await Client.open(server), await Client.open(server)];
    (deaf.socket as unknown as { _socket: Socket })._socket.pause();
    const silent = connect(server.port, '127.0.0.1');
    silent.on('error', () => undefined);
    await vi.waitFor(() => expect(server.metrics()).toContain('starling_sockets 3\n'));
    const before = performance.now();
    await Promise.all([server.close(), server.close()]);
    expect(performance.now() - before).toBeLessThan(2000);
    await vi.waitFor(() => expect(polite.closeCode).toBe(1001));
    silent.destroy();
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('says that the port is taken', async () => {
    const server = await start();
    await expect(createSignalingServer({ port: server.port, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});
