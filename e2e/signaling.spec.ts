import type { Browser, Page } from 'playwright';
import { WebSocket } from 'ws';
import type { SignalingServer } from '../signaling-server/server.ts';
import { bundleForPage } from './bundle.ts';
import { expect, test } from './swarm-fixture.ts';
import type * as StockClient from './stock/in-page.ts';

type InPage = { stockClient: typeof StockClient };

/** A stock y-webrtc client in a browser context of its own, so that only WebRTC can carry the document. */
async function openClient(browser: Browser, server: SignalingServer, script: string, errors: string[]) {
  const page = await (await browser.newContext()).newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${server.url}/healthz`);
  await page.evaluate(script);
  await page.evaluate(
    (url) => (globalThis as unknown as InPage).stockClient.join('stock room', url),
    server.url.replace('http', 'ws'),
  );
  return page;
}

const write = (page: Page, key: string, value: number): Promise<void> =>
  page.evaluate(([k, v]) => (globalThis as unknown as InPage).stockClient.write(k, v), [key, value] as const);

const look = (page: Page) => page.evaluate(() => (globalThis as unknown as InPage).stockClient.look());

const rubbish: readonly (string | Buffer)[] = [
  '',
  'hello',
  '{"type":"publish"',
  Buffer.from([0xff, 0x00, 0xfe]),
  'null',
  '[]',
  '{"type":"publish","topic":{}}',
  '{"type":"subscribe","topics":"stock room"}',
  '{"type":"subscribe","topics":[7]}',
];

/** One hostile connection: rubbish, 20,000 topics, then a huge message. Resolves when the server has closed it. */
function attack(server: SignalingServer): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(server.url.replace('http', 'ws'));
    socket.on('error', () => undefined);
    socket.on('close', resolve);
    socket.on('open', () => {
      for (const message of rubbish) socket.send(message);
      for (let i = 0; i < 20; i++) {
        const topics = Array.from({ length: 1000 }, (_, j) => `flood ${i} ${j}`);
        socket.send(JSON.stringify({ type: 'subscribe', topics }));
      }
      socket.send(JSON.stringify({ type: 'publish', topic: 'flood 0 0', data: 'x'.repeat(8 << 20) }));
    });
  });
}

test('stock y-webrtc clients sync a document through the server while another floods it with rubbish', async ({
  swarm: { server },
  chromium,
}) => {
  test.setTimeout(60_000);
  let flooding = true;
  const closeCodes: number[] = [];
  const flood = (async () => {
    while (flooding) closeCodes.push(await attack(server));
  })();
  const errors: string[] = [];
  const script = await bundleForPage('./stock/in-page.ts', 'stockClient');
  const pages = [
    await openClient(chromium, server, script, errors),
    await openClient(chromium, server, script, errors),
  ];
  const [a, b] = pages as [Page, Page];
  try {
    await write(a, 'from a', 1);
    await write(b, 'from b', 2);
    for (const page of pages) {
      await expect
        .poll(() => look(page))
        .toEqual({ said: { 'from a': 1, 'from b': 2 }, overWebRtc: 1, overBroadcastChannel: 0 });
    }
    const before = closeCodes.length;
    await write(a, 'later', 3);
    await expect.poll(async () => (await look(b)).said).toEqual({ 'from a': 1, 'from b': 2, later: 3 });
    await expect.poll(() => closeCodes.length).toBeGreaterThan(before);
  } finally {
    flooding = false;
    await flood;
    for (const page of pages) await page.context().close();
  }
  expect(errors).toEqual([]);
  expect(new Set(closeCodes)).toEqual(new Set([1009]));
  const attacks = closeCodes.length;
  expect(server.refused('not JSON')).toBe(4 * attacks);
  expect(server.refused('wrong shape')).toBe(5 * attacks);
  expect(server.refused('too many topics for a connection')).toBe((20_000 - 128) * attacks);
  expect(server.refused('message too large')).toBe(attacks);
  expect(await (await fetch(`${server.url}/healthz`)).text()).toBe('ok\n');
});
