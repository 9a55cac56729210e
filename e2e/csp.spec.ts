import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright';
import { fakeRecording } from '../src/replay/recordings.test-data.ts';
import { writeRecording } from '../src/replay/recording-file.ts';
import { expect, test } from './swarm-fixture.ts';

/** What a page was kept from, and what it asked of anyone else than its own server. */
interface Heard {
  readonly violations: string[];
  readonly elsewhere: string[];
}

/** Listens to a page from its first moment: call it before the page goes anywhere. */
async function listenTo(page: Page, origin: string): Promise<Heard> {
  const heard: Heard = { violations: [], elsewhere: [] };
  const { host } = new URL(origin);
  await page.exposeFunction('violated', (what: string) => void heard.violations.push(what));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      const { violatedDirective, blockedURI, sourceFile } = event;
      (globalThis as unknown as { violated(what: string): void }).violated(
        `${violatedDirective} ${blockedURI} ${sourceFile ?? ''}`,
      );
    });
  });
  page.on('console', (message) => {
    if (/Content.Security.Policy|Permissions-Policy|Refused to/i.test(message.text()))
      heard.violations.push(message.text());
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    // What was made here, such as a file that is saved, is asked of nobody.
    if (url.protocol !== 'blob:' && url.host !== host) heard.elsewhere.push(request.url());
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== host) heard.elsewhere.push(socket.url());
  });
  return heard;
}

const nothing: Heard = { violations: [], elsewhere: [] };

test('no page breaks the content policy, nor asks anything of another server', async ({
  swarm,
  chromium,
}) => {
  const { url } = swarm.server;
  const context = await chromium.newContext();
  try {
    await test.step('an empty room, with its recording and a file that is none', async () => {
      const page = await context.newPage();
      const heard = await listenTo(page, url);
      await page.goto(`${url}/?run=empty`);
      await expect(page.getByTestId('replay')).toBeVisible({ timeout: 30_000 });
      await expect(page.getByTestId('replay-moment')).toContainText('Round');
      await expect(page.locator('.replay .uplot canvas').first()).toBeVisible();
      const open = (buffer: string) =>
        page.getByLabel('Open a recording').setInputFiles({
          ...{ name: 'mine.json', mimeType: 'application/json' },
          buffer: Buffer.from(buffer),
        });
      await open('{"format":"starling-recording","version":1}');
      await expect(page.getByTestId('replay')).toContainText('recording has the wrong shape');
      await open(writeRecording(fakeRecording()));
      await expect(page.getByTestId('replay')).toContainText('“whales”');
      expect(heard).toEqual(nothing);
      await page.close();
    });

    const first = await swarm.open({ preset: 'nano', seed: 1, volunteers: 1 });
    const training = await listenTo(first.page, url);
    await first.page.reload();
    await first.ready();
    await first.join();
    await first.until('three rounds', ({ volunteer }) => (volunteer?.round ?? 0) >= 3);

    await test.step('a tab that trains, its picture and its recording', async () => {
      await first.page.getByTestId('make-card').click();
      await expect(first.page.getByTestId('share-card')).toHaveAttribute('aria-label', /rounds: \d/);
      const [picture] = await Promise.all([
        first.page.waitForEvent('download'),
        first.page.getByTestId('save-card').click(),
      ]);
      const png = await readFile(await picture.path());
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1200, 630]);
      const [recording] = await Promise.all([
        first.page.waitForEvent('download'),
        first.page.getByTestId('save-recording').click(),
      ]);
      const saved = JSON.parse(await readFile(await recording.path(), 'utf8')) as { seenBy: string };
      expect(saved.seenBy).toBe('volunteer');
      expect(training).toEqual(nothing);
    });

    const room = new URL(first.page.url()).searchParams.get('run') ?? '';
    await test.step('the page for frames, opened by itself', async () => {
      const page = await context.newPage();
      const heard = await listenTo(page, url);
      await page.goto(`${url}/embed?run=${room}`);
      await expect(page.getByTestId('heartbeat')).toHaveAttribute('data-beats', /[1-9]/, { timeout: 60_000 });
      await expect(page.getByTestId('members')).toHaveText('1');
      await expect(page.getByTestId('whole-page')).toHaveAttribute('href', `${url}/?run=${room}`);
      expect(heard).toEqual(nothing);
      await page.close();
    });

    await test.step('in a frame it connects when it is asked to, and the whole page is in no frame', async () => {
      const page = await context.newPage();
      const sockets: string[] = [];
      page.on('websocket', (socket) => sockets.push(socket.url()));
      // A page of another site: the same machine by another name. A real server, for a browser keeps made-up answers from
      // this machine's own addresses.
      const site = createServer((_, answer) =>
        answer
          .setHeader('Content-Type', 'text/html')
          .end(
            `<iframe id="small" src="${url}/embed?run=${room}"></iframe><iframe id="whole" src="${url}/?run=${room}"></iframe>`,
          ),
      );
      await once(site.listen(0, '127.0.0.1'), 'listening');
      await page.goto(`http://localhost:${(site.address() as AddressInfo).port}/`);
      const small = page.frameLocator('#small');
      await expect(small.getByTestId('watch')).toBeVisible();
      expect(sockets).toEqual([]);
      // A frame that is refused holds the browser's own page about that; one that is allowed, what was asked for.
      const shownIn = async (id: string) => (await (await page.$(id))?.contentFrame())?.url();
      expect(await shownIn('#small')).toBe(`${url}/embed?run=${room}`);
      await expect.poll(() => shownIn('#whole')).toMatch(/^chrome-error:/);
      await small.getByTestId('watch').click();
      await expect(small.getByTestId('round')).toHaveText(/\d/, { timeout: 60_000 });
      await page.close();
      site.close();
    });
  } finally {
    await context.close();
  }
});
