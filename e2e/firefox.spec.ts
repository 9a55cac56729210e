// Firefox and Node beside Chromium: three WebGPU implementations that must hold the same words. Where Firefox cannot be had,
// these tests are skipped, and `npm test` says so.
import type { Browser, Page } from 'puppeteer-core';
import { findFirefox, withoutFirefox } from '../scripts/find-firefox.mjs';
import type { VolunteerDriver } from '../scripts/swarm/driver.ts';
import { FirefoxVolunteer, launchFirefox } from '../scripts/swarm/firefox-volunteer.ts';
import { NodeVolunteer } from '../scripts/swarm/node-volunteer.ts';
import type { VolunteerStatus } from '../src/volunteer/status.ts';
import { bundleForPage } from './bundle.ts';
import { expectedReplay, expectSameWords, replaySeed, type InPage, type Replay } from './replay/compare.ts';
import { expect, test as withSwarm } from './swarm-fixture.ts';

const test = withSwarm.extend<object, { firefox: Browser }>({
  firefox: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names it needs from a destructured argument
    async ({}, use) => {
      const firefox = await launchFirefox();
      await use(firefox);
      await firefox.close();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

test.skip(findFirefox() === undefined, withoutFirefox);

/** Skips, with the reason, on a machine whose Firefox has no adapter: none is not a failure of ours. */
async function needAdapter(page: Page): Promise<void> {
  const found = await page.evaluate(
    async () => ((await (navigator as { gpu?: GPU }).gpu?.requestAdapter()) ?? null) !== null,
  );
  test.skip(!found, 'Firefox finds no WebGPU adapter here: install a Vulkan driver (mesa-vulkan-drivers).');
}

test(`50 records give Firefox the same 32-bit words as the reference in JS (seed ${replaySeed})`, async ({
  swarm: { server },
  firefox,
}) => {
  const expected = await expectedReplay();
  const context = await firefox.createBrowserContext();
  const page = await context.newPage();
  await page.goto(server.url);
  await needAdapter(page);
  await page.evaluate(await bundleForPage('./replay/in-page.ts', 'starlingReplay'));
  const actual = await page.evaluate(
    async (seed) => JSON.stringify(await (globalThis as unknown as InPage).starlingReplay.replayHere(seed)),
    replaySeed,
  );
  expectSameWords(JSON.parse(actual) as Replay, expected);
  await context.close();
});

async function until(
  one: VolunteerDriver,
  what: string,
  met: (status: VolunteerStatus) => boolean,
  timeout = 180_000,
): Promise<VolunteerStatus> {
  let last: VolunteerStatus | undefined;
  await expect
    .poll(
      async () => {
        last = await one.status();
        if (last?.state === 'failed') throw new Error(`${one.host} failed: ${last.reason} ${last.fix ?? ''}`);
        return last !== undefined && met(last) ? what : `${last?.state ?? 'nothing'}: ${last?.reason ?? ''}`;
      },
      { message: `${one.host}: ${what}`, timeout },
    )
    .toBe(what);
  return last!;
}

test('a Chromium tab, a Firefox tab and a Node volunteer train one model and hold one digest every round', async ({
  swarm,
  firefox,
}) => {
  const rounds = 6;
  const room = 'three-stacks';
  const chromium = await swarm.open({ room, preset: 'nano', seed: 1, volunteers: 3, rounds });
  const address = { origin: swarm.server.url, room };
  const others: VolunteerDriver[] = [];
  try {
    const fox = await FirefoxVolunteer.open(firefox, address);
    others.push(fox);
    await needAdapter(fox.page);
    const node = await NodeVolunteer.open(address);
    others.push(node);
    await chromium.join();
    await chromium.until('the run to be announced', ({ view }) => view.run !== undefined);
    for (const one of others) await one.join();

    const { volunteer: inChromium } = await chromium
      .until('the last round', ({ volunteer }) => volunteer?.state === 'finished')
      .catch(async (thrown: unknown) => {
        // Whoever is missing knows best why.
        const said = await Promise.all(
          others.map(async (one) => {
            const status = await one.status().catch(() => undefined);
            return `${one.host}: ${status?.state ?? 'no volunteer'}: ${status?.reason ?? ''} ${one.errors.join('; ')}`;
          }),
        );
        throw new Error(`${(thrown as Error).message}\n${said.join('\n')}`);
      });
    const all = [inChromium!];
    for (const one of others)
      all.push(await until(one, 'the last round', ({ state }) => state === 'finished'));

    for (const { records, roundsTrained, replicasAgree, stateDigest, rejections } of all) {
      expect(records.map(({ round }) => round)).toEqual(
        Array.from({ length: rounds }, (_, index) => index + 1),
      );
      expect(records.map(({ contributions }) => contributions)).toEqual(Array<number>(rounds).fill(3));
      expect(records.map(({ state }) => state)).toEqual(inChromium!.records.map(({ state }) => state));
      expect(stateDigest).toBe(inChromium!.stateDigest);
      expect(roundsTrained).toBe(rounds);
      expect(replicasAgree).toBe(true);
      expect(rejections).toEqual({});
    }
    expect(new Set(inChromium!.records.map(({ state }) => state)).size).toBe(rounds);
    // Firefox names no adapter, but says when a CPU stands in for one; Node names Dawn's.
    expect(all[1]?.adapter?.name).toBe('an unnamed adapter');
    expect(all[2]?.adapter?.name).not.toBe('an unnamed adapter');
    console.log(
      all.map(({ adapter }) => `${adapter?.name}${adapter?.software ? ' (software)' : ''}`).join(', '),
    );
    expect(others.map(({ errors }) => errors)).toEqual([[], []]);

    // A Node volunteer that is told to go says so: the others need not wait for silence.
    const goes = all[2]?.self;
    await node.close();
    await expect
      .poll(async () => {
        const status = (await chromium.snapshot()).volunteer;
        return status?.peers.find(({ id }) => id === goes)?.connected ?? false;
      })
      .toBe(false);
    expect(node.errors).toEqual([]);
  } finally {
    for (const one of others) await one.close();
  }
});
