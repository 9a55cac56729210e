import { chromium as playwrightChromium, type BrowserContext, type Page } from 'playwright';
import { findChromium } from '../scripts/find-chromium.mjs';
import { chromiumFlags } from '../scripts/swarm/browser.ts';
import { pageUrl, type PageSnapshot } from '../scripts/swarm/volunteer-page.ts';
import { bundleForPage } from './bundle.ts';
import { expect, test } from './swarm-fixture.ts';
import type * as Log from './identity/in-page.ts';

type InPage = { starling: { snapshot(): PageSnapshot }; log: typeof Log };

const volunteerIn = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as InPage).starling.snapshot().volunteer);

/** Opens or reloads a tab, presses Join and gives the id it then has. */
async function joined(page: Page, url?: string): Promise<string> {
  await (url === undefined ? page.reload() : page.goto(url));
  await page.waitForFunction(() => 'starling' in globalThis);
  await page.getByRole('button', { name: /^join/i }).click();
  await expect.poll(async () => (await volunteerIn(page))?.self, { timeout: 30_000 }).toBeDefined();
  return (await volunteerIn(page))!.self;
}

/** What the database of the page's origin holds under `store`, by key. */
const stored = (page: Page, store: 'keys' | 'signed') =>
  page.evaluate(
    (name) =>
      new Promise<[unknown, unknown][]>((resolve, reject) => {
        const opening = indexedDB.open('starling');
        opening.onerror = () => reject(new Error('no database'));
        opening.onsuccess = () => {
          const from = opening.result.transaction(name).objectStore(name);
          const [keys, values] = [from.getAllKeys(), from.getAll()];
          from.transaction.oncomplete = () => {
            opening.result.close();
            resolve(
              keys.result.map((key, index) => [key, name === 'signed' ? values.result[index] : undefined]),
            );
          };
        };
      }),
    store,
  );

const openProfile = (folder: string): Promise<BrowserContext> =>
  playwrightChromium.launchPersistentContext(folder, {
    executablePath: findChromium()!,
    args: chromiumFlags,
  });

test('three tabs of one browser are three volunteers; a reload keeps the id, and a closed tab leaves its own to the next', async ({
  swarm,
  chromium,
}) => {
  const context = await chromium.newContext();
  const address = { origin: swarm.server.url, room: 'one-profile', preset: 'nano', volunteers: 3 };
  const pages = [await context.newPage(), await context.newPage(), await context.newPage()] as const;
  const ids: string[] = [];
  for (const page of pages) ids.push(await joined(page, pageUrl(address)));
  expect(new Set(ids).size).toBe(3);
  for (const page of pages)
    await expect.poll(async () => (await volunteerIn(page))?.members, { timeout: 60_000 }).toBe(3);

  const opened = async (id: string | undefined) =>
    (await stored(pages[2], 'signed')).flatMap(([key, value]) =>
      (key as string[])[0] === id ? [(value as { opened: number }).opened] : [],
    );
  const [before] = await opened(ids[1]);
  expect(before).toBeGreaterThan(0);
  expect(await joined(pages[1])).toBe(ids[1]);
  // The worker goes on in the log of what this key signed, and the one before it can sign no more.
  await expect.poll(async () => Math.max(...(await opened(ids[1])))).toBeGreaterThan(before ?? Infinity);

  await pages[0].close();
  expect(await joined(await context.newPage(), pageUrl(address))).toBe(ids[0]);
  expect(await stored(pages[2], 'keys')).toHaveLength(3);
  await context.close();
});

test('a volunteer is the same after its browser was closed, and no script can read its key', async ({
  swarm,
}, testInfo) => {
  const folder = testInfo.outputPath('profile');
  const url = pageUrl({ origin: swarm.server.url, room: 'same-volunteer', preset: 'nano' });
  const ids: string[] = [];
  for (let start = 0; start < 2; start++) {
    const context = await openProfile(folder);
    const page = await context.newPage();
    ids.push(await joined(page, url));
    const readable = await page.evaluate(
      () =>
        new Promise<boolean[]>((resolve) => {
          const opening = indexedDB.open('starling');
          opening.onsuccess = () => {
            const reading = opening.result.transaction('keys').objectStore('keys').getAll();
            reading.onsuccess = () =>
              resolve(
                (reading.result as CryptoKeyPair[]).map(
                  ({ privateKey }: CryptoKeyPair) => privateKey.extractable,
                ),
              );
          };
        }),
    );
    expect(readable).toEqual([false]);
    await context.close();
  }
  expect(ids[1]).toBe(ids[0]);
});

test('a damaged key is replaced, and the page says so', async ({ swarm, chromium }) => {
  const context = await chromium.newContext();
  const page = await context.newPage();
  const url = pageUrl({ origin: swarm.server.url, room: 'damaged', preset: 'nano' });
  const id = await joined(page, url);
  await page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const opening = indexedDB.open('starling');
        opening.onsuccess = () => {
          const writing = opening.result.transaction('keys', 'readwrite');
          writing.objectStore('keys').put({ publicKey: 'scribble', privateKey: [1, 2, 3] }, 0);
          writing.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
  );
  const replaced = await joined(page);
  expect(replaced).not.toBe(id);
  await expect(page.getByTestId('events')).toContainText(/was damaged .* has been replaced/);
  await context.close();
});

test('a page that can keep no key trains with one in memory, and says so', async ({ swarm, chromium }) => {
  const context = await chromium.newContext();
  await context.addInitScript(() => {
    Object.defineProperty(IDBFactory.prototype, 'open', {
      value: () => {
        throw new DOMException('the user denied permission', 'SecurityError');
      },
    });
  });
  const page = await context.newPage();
  const id = await joined(page, pageUrl({ origin: swarm.server.url, room: 'private', preset: 'nano' }));
  await expect.poll(async () => (await volunteerIn(page))?.state, { timeout: 60_000 }).toBe('training');
  await expect(page.getByTestId('events')).toContainText(/keeps no key .*denied permission/);
  expect(await joined(page)).not.toBe(id);
  await context.close();
});

test('the signing log outlives a reload in the middle of a round, keeps 32 runs, and costs little of a round', async ({
  swarm,
}, testInfo) => {
  const script = await bundleForPage('./identity/in-page.ts', 'log');
  const context = await openProfile(testInfo.outputPath('profile'));
  const load = async (page: Page): Promise<Page> => {
    await page.goto(`${swarm.server.url}/healthz`);
    await page.evaluate(script);
    return page;
  };
  const open = (page: Page, run: number) =>
    page.evaluate((r) => (globalThis as unknown as InPage).log.open(r), run);
  const claim = (
    page: Page,
    log: number | string,
    kind: 'contribution' | 'confirm' | 'record',
    round: number,
  ) =>
    page.evaluate(([l, k, r]) => (globalThis as unknown as InPage).log.claim(l, k, r), [
      Number(log),
      kind,
      round,
    ] as const);
  const highest = (page: Page, log: number | string) =>
    page.evaluate((l) => (globalThis as unknown as InPage).log.highest(l), Number(log));

  const page = await load(await context.newPage());
  const first = await open(page, 1);
  expect(await highest(page, first)).toEqual([-1, -1, -1]);
  expect(await claim(page, first, 'record', 0)).toBe('durable');
  expect(await claim(page, first, 'contribution', 1)).toBe('durable');
  expect(await claim(page, first, 'contribution', 1)).toBe('already-signed');

  // A reload at any moment: what was durable stays taken.
  await Promise.all([
    page.waitForEvent('load'),
    page.evaluate(
      (l) => (globalThis as unknown as InPage).log.claimAndReload(l, 'confirm', 1),
      Number(first),
    ),
  ]);
  await page.evaluate(script);
  const second = await open(page, 1);
  expect((await highest(page, second)).filter((_, kind) => kind !== 1)).toEqual([1, 0]);
  expect(await claim(page, second, 'record', 0)).toBe('already-signed');

  // Opened elsewhere, the older opening can sign no more: nothing is signed twice by two that overlap.
  const other = await load(await context.newPage());
  const newer = await open(other, 1);
  expect(await claim(page, second, 'contribution', 2)).toBe('signing-log-taken');
  expect(await claim(other, newer, 'contribution', 2)).toBe('durable');
  // Another run is another log.
  const elsewhere = await open(other, 2);
  expect(await highest(other, elsewhere)).toEqual([-1, -1, -1]);

  await other.evaluate(() => (globalThis as unknown as InPage).log.scribble(3, { record: 'scribble' }));
  expect(await open(other, 3)).toBe('signing-log-unreadable');

  for (let run = 4; run < 40; run++) await open(other, run);
  await open(other, 10);
  await open(other, 40);
  const kept = await other.evaluate(() => (globalThis as unknown as InPage).log.keptRuns());
  expect(kept).toEqual(Array.from({ length: 32 }, (_, index) => index + 9));

  const timed = await open(other, 40);
  const times = await other.evaluate(
    (l) => (globalThis as unknown as InPage).log.timeClaims(l, 200),
    Number(timed),
  );
  const at = (share: number) => times[Math.floor(share * (times.length - 1))] ?? NaN;
  console.log(
    `a claim in IndexedDB on disk: median ${at(0.5).toFixed(1)} ms, 95% ${at(0.95).toFixed(1)} ms, longest ${at(1).toFixed(1)} ms`,
  );
  // Three claims lie on the way of a round of 500 ms: less than 10% of it.
  expect(3 * at(0.5)).toBeLessThan(50);
  await context.close();
});
