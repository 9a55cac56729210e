import type { Page } from 'playwright';
import { bundleForPage } from './bundle.ts';
import { expect, test } from './swarm-fixture.ts';
import type * as Mesh from './mesh/in-page.ts';

type InPage = { mesh: typeof Mesh };

const seed = 20261122;
const count = 200;

const look = (page: Page) => page.evaluate(() => (globalThis as unknown as InPage).mesh.look());

test(`200 messages of up to 1 MiB cross WebRTC whole and in order, and a closed page is seen to go (seed ${seed})`, async ({
  swarm: { server },
  chromium,
}) => {
  test.setTimeout(60_000);
  const script = await bundleForPage('./mesh/in-page.ts', 'mesh');
  const join = async (): Promise<[Page, string]> => {
    const page = await (await chromium.newContext()).newPage();
    await page.goto(`${server.url}/healthz`);
    await page.evaluate(script);
    const id = await page.evaluate(
      ([url, s, n]) => (globalThis as unknown as InPage).mesh.join('e2e mesh', url, s, n),
      [server.url.replace('http', 'ws'), seed, count] as const,
    );
    return [page, id];
  };
  const [[sender, senderId], [receiver, receiverId]] = [await join(), await join()];
  await expect.poll(async () => (await look(sender)).peers).toEqual([receiverId]);
  await expect.poll(async () => (await look(receiver)).peers).toEqual([senderId]);

  const { outcomes, framed } = await sender.evaluate(
    ([peer, s, n]) => (globalThis as unknown as InPage).mesh.sendAll(peer, s, n),
    [receiverId, seed, count] as const,
  );
  expect(outcomes).toEqual(['queued']);
  await expect.poll(async () => (await look(receiver)).received, { timeout: 20_000 }).toBe(count);
  const after = await look(receiver);
  expect(after.firstDifference).toBeUndefined();
  expect(after.heard).toEqual([{ kind: 'peer-up', peer: senderId, detail: '' }]);
  // What getStats() counts on the data channel is what the frames hold, and nothing went the other way.
  expect(after.stats).toMatchObject({ bytesUp: 0, bytesDown: framed });
  expect((await look(sender)).stats).toMatchObject({ bytesUp: framed, bytesDown: 0 });

  // A crash would be noticed by ICE alone, after about 16 s.
  await sender.close();
  await expect
    .poll(async () => (await look(receiver)).heard.at(-1), { timeout: 5_000 })
    .toEqual({ kind: 'peer-down', peer: senderId, detail: '' });
  expect((await look(receiver)).peers).toEqual([]);
  expect((await look(receiver)).stats).toMatchObject({ bytesUp: 0, bytesDown: framed });
  await receiver.context().close();
  await sender.context().close();
});
