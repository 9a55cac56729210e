import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright';
import { test as base } from 'playwright/test';
import { keptCertificate } from '../signaling-server/certificate.ts';
import { createSignalingServer, type SignalingServer } from '../signaling-server/server.ts';
import { launchChromium } from '../scripts/swarm/browser.ts';
import { VolunteerPage, type PageAddress } from '../scripts/swarm/volunteer-page.ts';

export { expect } from 'playwright/test';

/** A server of its own for each test, and tabs that find each other through it. */
export class TestSwarm {
  readonly server: SignalingServer;
  readonly browser: Browser;
  readonly #opened: VolunteerPage[] = [];
  readonly #room: string;

  constructor(server: SignalingServer, browser: Browser, room: string) {
    this.server = server;
    this.browser = browser;
    this.#room = room;
  }

  get pages(): readonly VolunteerPage[] {
    return this.#opened;
  }

  async open(address: Partial<PageAddress> = {}): Promise<VolunteerPage> {
    const page = await VolunteerPage.open(this.browser, {
      origin: this.server.url,
      room: this.#room,
      ...address,
    });
    this.#opened.push(page);
    return page;
  }

  /** `count` tabs that all pressed Join: the first starts the run, the others find it. */
  async volunteers(count: number, address: Partial<PageAddress>): Promise<VolunteerPage[]> {
    const pages: VolunteerPage[] = [];
    for (let i = 0; i < count; i++) {
      const page = await this.open({ preset: 'nano', seed: 1, volunteers: count, ...address });
      await page.until('a connection, or the first tab', ({ view }) => i === 0 || view.run !== undefined);
      await page.join();
      await page.until('the run to be announced', ({ view }) => view.run !== undefined);
      pages.push(page);
    }
    return pages;
  }

  async closeAll(): Promise<void> {
    for (const page of this.#opened) await page.close().catch(() => undefined);
  }
}

const hosts = ['localhost', '127.0.0.1', 'starling.test'];

export const test = base.extend<{ swarm: TestSwarm }, { chromium: Browser }>({
  chromium: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names it needs from a destructured argument
    async ({}, use) => {
      // A name that is not localhost, so that the page is no secure context over HTTP.
      const browser = await launchChromium(['--host-resolver-rules=MAP starling.test 127.0.0.1']);
      await use(browser);
      await browser.close();
    },
    { scope: 'worker' },
  ],
  swarm: async ({ chromium }, use, testInfo) => {
    const folder = fileURLToPath(new URL('../.starling/e2e', import.meta.url));
    const server = await createSignalingServer({
      port: 0,
      certificate: await keptCertificate(folder, hosts, new Date()),
    });
    const swarm = new TestSwarm(server, chromium, `e2e-${testInfo.testId.slice(0, 20)}`);
    await use(swarm);
    const errors = swarm.pages.flatMap(({ errors: found }) => found);
    if (testInfo.status !== testInfo.expectedStatus) {
      for (const [index, { page }] of swarm.pages.entries()) {
        if (!page.isClosed())
          await testInfo.attach(`tab-${index}`, { body: await page.screenshot(), contentType: 'image/png' });
      }
      console.log(`errors in tabs: ${errors.join('\n') || 'none'}`);
    }
    await swarm.closeAll();
    await server.close();
  },
});
