import type { Page } from 'playwright';
import { bundleForPage } from './bundle.ts';
import { galleryOn } from './states/gallery.ts';
import { expect, test } from './swarm-fixture.ts';

/** What has the keyboard's focus: the words on it, and its mark for tests. */
const focused = (page: Page): Promise<readonly [string | null, string | null]> =>
  page.evaluate(`(() => {
    const one = document.activeElement;
    return [one.textContent, one.getAttribute('data-testid')];
  })()`);

const code = () => bundleForPage('../src/ui/gallery.test-data.tsx', 'gallery');

test('the keyboard stays where it was when what it was on goes away', async ({ swarm }) => {
  const { page } = await swarm.open();
  const { open, show, openEmbed } = await galleryOn(page, await code());
  const focusOn = (testId: string) => page.getByTestId(testId).first().focus();

  await open('training');
  await focusOn('pause');
  await show('pausedByYou');
  await expect.poll(() => focused(page), 'pause becomes resume').toEqual(['Resume', 'resume']);
  await show('training');
  await expect.poll(() => focused(page)).toEqual(['Pause', 'pause']);

  await open('onBattery');
  await focusOn('run-anyway');
  await show('runningAnyway');
  await expect.poll(() => focused(page), 'run anyway').toEqual(['Training', null]);

  await open('guest');
  await page.locator('.control').getByTestId('join').focus();
  await show('training');
  await expect.poll(() => focused(page), 'join').toEqual(['Training', 'state']);

  await open('guest');
  const consent = page.getByTestId('consent');
  await consent.locator('summary').click();
  await page.getByTestId('forget').press('Enter');
  await expect.poll(() => focused(page), 'forget').toEqual([expect.stringContaining('Keep'), null]);
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('forget')).toBeVisible();
  expect(await page.evaluate('document.activeElement === document.body'), 'keep').toBe(false);

  await openEmbed('ask');
  await page.getByTestId('watch').press('Enter');
  await expect.poll(() => focused(page), 'watch').toEqual(['moby', null]);
});

test('what loses the focus because its person went elsewhere takes it from nobody when it goes', async ({
  swarm,
}) => {
  const { page } = await swarm.open();
  const { open, show } = await galleryOn(page, await code());
  await open('onBattery');
  await page.getByTestId('run-anyway').focus();
  await page.getByTestId('run-anyway').blur();
  await show('runningAnyway');
  await expect(page.getByTestId('run-anyway')).toHaveCount(0);
  expect(await page.evaluate('document.activeElement === document.body')).toBe(true);
});
