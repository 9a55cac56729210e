import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright';
import type { VolunteerPage } from '../scripts/swarm/volunteer-page.ts';
import { foundIn, photograph } from './states/gallery.ts';
import { expect, test } from './swarm-fixture.ts';

const password = 'whale song 27';

async function openForms(page: Page): Promise<void> {
  await page.getByText('Take your key to another device').click();
  await expect(page.getByTestId('key-here')).toBeVisible();
}

/** The id of this tab's key, as its forms say it; undefined: it has none. */
const idOf = (page: Page) => page.getByTestId('key-here').getAttribute('data-id');

async function makeMovable(page: Page): Promise<void> {
  const form = page.getByTestId('key-make');
  await form.getByLabel('Password', { exact: true }).fill(password);
  await form.getByLabel('The same password again').fill('whale song 28');
  await form.locator('button').click();
  await expect(form.getByRole('alert')).toHaveText('The two passwords differ.');
  await expect(form.getByLabel('The same password again')).toBeFocused();
  await form.getByLabel('The same password again').fill(password);
  await form.locator('button').click();
  await expect(page.getByTestId('key-said')).toContainText('its key can move');
}

/** What of the forms is wider than the page. */
const stickingOut = (page: Page) =>
  page
    .getByTestId('key-place')
    .locator('*')
    .evaluateAll((all) =>
      all
        .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth)
        .map(({ outerHTML }) => outerHTML.slice(0, 80)),
    );

/** Nothing sticks out of the smallest telephone, and an audit finds nothing in either scheme. */
async function judge(page: Page, name: string): Promise<void> {
  await page.evaluate(
    'globalThis.frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); undefined',
  );
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect(await stickingOut(page)).toEqual([]);
    expect(await foundIn(page, colorScheme, colorScheme === 'dark')).toEqual([]);
    await photograph(page, name, colorScheme);
  }
}

/** The file that the browser saved. */
async function takeAway(page: Page): Promise<{ readonly name: string; readonly text: string }> {
  const form = page.getByTestId('key-take');
  await form.getByLabel('Password').fill(password);
  await form.locator('button').click();
  await expect(form.getByRole('alert')).toHaveText('Please tick the box first.');
  await form.getByLabel('This browser becomes a new volunteer.').check();
  const [download] = await Promise.all([page.waitForEvent('download'), form.locator('button').click()]);
  await expect(page.getByTestId('key-said')).toBeFocused();
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
}

async function bringIn(page: Page, text: string, typed: string): Promise<void> {
  const form = page.getByTestId('key-bring');
  await form
    .getByLabel('Key file')
    .setInputFiles({ name: 'key.json', mimeType: 'application/json', buffer: Buffer.from(text) });
  await form.getByLabel('Password').fill(typed);
  await form.locator('button').click();
}

/** Joins and gives the id that it trains as. */
async function joinedAs(tab: VolunteerPage): Promise<string | undefined> {
  // Where the large button is out of sight, the strip has another.
  await tab.page.getByTestId('join').first().click();
  // What is shown of a volunteer that left stays until the next one says something.
  const joined = await tab.until(
    'being in the run',
    ({ volunteer }) => (volunteer?.state ?? 'left') !== 'left',
  );
  return joined.volunteer?.self;
}

/** Rounds that a key signed, by run, as this browser keeps them. */
const signedBy = (page: Page, id: string) =>
  page.evaluate(
    (peer) =>
      new Promise<Record<string, { contribution: number; record: number }>>((resolve) => {
        const opening = indexedDB.open('starling');
        opening.onsuccess = () => {
          const from = opening.result.transaction('signed').objectStore('signed');
          const [keys, values] = [from.getAllKeys(), from.getAll()];
          from.transaction.oncomplete = () => {
            opening.result.close();
            const found: Record<string, { contribution: number; record: number }> = {};
            for (const [at, key] of keys.result.entries()) {
              const [owner, run] = key as [string, string];
              if (owner === peer) found[run] = values.result[at] as { contribution: number; record: number };
            }
            resolve(found);
          };
        };
      }),
    id,
  );

test('a volunteer goes on in another browser under its id and name, and the first browser is another one then', async ({
  swarm,
}) => {
  const home = await swarm.open({ preset: 'nano', seed: 1, volunteers: 1 });
  const there = await swarm.open({ preset: 'nano', seed: 1, volunteers: 1 });

  await openForms(home.page);
  expect(await idOf(home.page)).toBeNull();
  await makeMovable(home.page);
  const id = (await idOf(home.page)) ?? '';
  const name = (await home.page.getByTestId('key-here').locator('.who-name').textContent()) ?? '';
  expect(name).toMatch(/^\w+ \w+ \d\d$/);

  // It signs with that key, and then it cannot leave.
  expect(await joinedAs(home)).toBe(id);
  await home.until('two rounds', ({ volunteer }) => (volunteer?.round ?? 0) >= 2);
  await expect(home.page.getByTestId('key-in-run')).toBeVisible();
  await expect(home.page.getByTestId('key-take')).toHaveCount(0);
  await home.page.getByTestId('leave').click();
  await home.until('having left', ({ volunteer }) => volunteer?.state === 'left');

  const signed = await signedBy(home.page, id);
  const file = await takeAway(home.page);
  expect(file.name).toBe(`starling-key-${name.toLowerCase().replaceAll(' ', '-')}.json`);
  expect(file.text).not.toContain(id);
  expect(await idOf(home.page)).toBeNull();

  await openForms(there.page);
  await bringIn(there.page, file.text, 'whale song 28');
  await expect(there.page.getByTestId('key-bring').getByRole('alert')).toContainText('The password is wrong');
  await bringIn(there.page, '{"an": "other file"}', password);
  await expect(there.page.getByTestId('key-bring').getByRole('alert')).toContainText('not a key file');
  await bringIn(there.page, file.text, password);
  await expect(there.page.getByTestId('key-said')).toHaveText(`This tab is ${name} now.`);
  expect(await idOf(there.page)).toBe(id);

  // What it signed has come along, so that it signs none of it again.
  const brought = await signedBy(there.page, id);
  const runs = Object.keys(signed);
  expect(runs.length).toBe(1);
  for (const run of runs) {
    expect(signed[run]?.contribution).toBeGreaterThan(0);
    expect(brought[run]).toMatchObject({
      contribution: signed[run]?.contribution,
      record: signed[run]?.record,
    });
  }

  expect(await joinedAs(home)).not.toBe(id);
  expect(await joinedAs(there)).toBe(id);
  await Promise.all(
    [home, there].map((tab) =>
      tab.until('being two members that agree', ({ volunteer }) => {
        return volunteer?.members === 2 && volunteer.replicasAgree === true;
      }),
    ),
  );
  for (const { volunteer } of [await home.snapshot(), await there.snapshot()])
    expect(volunteer?.rejections).toEqual({});
  expect([...home.errors, ...there.errors]).toEqual([]);
});

test('a file that was not saved is there until it is, also after a reload, and brings the volunteer back', async ({
  swarm,
}) => {
  const tab = await swarm.open();
  await tab.page.setViewportSize({ width: 320, height: 640 });
  await openForms(tab.page);
  await makeMovable(tab.page);
  const id = await idOf(tab.page);
  await tab.page.getByTestId('key-take').locator('button').click();
  await judge(tab.page, 'key-take');
  const file = await takeAway(tab.page);
  await tab.page.getByTestId('key-make').locator('button').click();
  await judge(tab.page, 'key-away');

  await tab.page.reload();
  await tab.ready();
  await openForms(tab.page);
  const away = tab.page.getByTestId('keys-away');
  const [again] = await Promise.all([
    tab.page.waitForEvent('download'),
    away.getByRole('button', { name: /save the file again/i }).click(),
  ]);
  expect(await readFile(await again.path(), 'utf8')).toBe(file.text);
  await away.getByRole('button', { name: /delete this copy/i }).click();
  await expect(away).toHaveCount(0);

  await bringIn(tab.page, file.text, password);
  await expect.poll(() => idOf(tab.page)).toBe(id);
});

test('a browser that kept a key before keys could move keeps it, and is told that it stays', async ({
  swarm,
}) => {
  const tab = await swarm.open();
  const { page } = tab;
  // The database as the page before this one made it.
  const kept = await page.evaluate(async () => {
    const keys = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    const raw = await crypto.subtle.exportKey('raw', keys.publicKey);
    await new Promise<void>((resolve, reject) => {
      const opening = indexedDB.open('starling', 1);
      opening.onerror = () => reject(new Error('it is there already'));
      opening.onupgradeneeded = () => {
        opening.result.createObjectStore('keys').put(keys, 0);
        opening.result.createObjectStore('signed');
      };
      opening.onsuccess = () => {
        opening.result.close();
        resolve();
      };
    });
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', raw)).subarray(0, 16);
    return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  });
  await openForms(page);
  expect(await idOf(page)).toBe(kept);
  await expect(page.getByTestId('key-take')).toHaveCount(0);
  await expect(page.getByTestId('key-make')).toContainText('was not made to move');
  await makeMovable(page);
  expect(await idOf(page)).not.toBe(kept);

  // Another tab of this browser is that volunteer now.
  const other = await page.context().newPage();
  await other.goto(page.url());
  await openForms(other);
  expect(await idOf(other)).toBe(kept);
});
