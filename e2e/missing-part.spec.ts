import { expect, test } from './swarm-fixture.ts';

test('parts that do not load leave the rest of the page, and come when they are asked for again', async ({
  swarm,
}) => {
  const opened = await swarm.open();
  const { page } = opened;
  const missing = ['**/ReplayRoom*.js', '**/SwarmCanvas*.js'] as const;
  for (const one of missing) await page.route(one, (route) => route.abort());
  await page.reload();
  await opened.ready();

  const notLoaded = page.getByTestId('not-loaded');
  await expect(notLoaded).toContainText('The player for recordings did not load.', { timeout: 30_000 });
  await expect(notLoaded).toContainText('ReplayRoom');
  await expect(page.getByTestId('state')).toBeVisible();

  await page.unroute(missing[0]);
  await notLoaded.getByRole('button').press('Enter');
  await expect(page.getByTestId('replay-moment')).toContainText('Round');
  expect(await page.evaluate('document.activeElement === document.body'), 'the focus is lost').toBe(false);

  await expect(notLoaded).toContainText('The picture of the swarm did not load.');
  await expect(page.getByTestId('round').first()).toBeVisible();
  await page.unroute(missing[1]);
  await notLoaded.getByRole('button').press('Enter');
  await expect(page.getByTestId('swarm-picture')).toBeVisible();
  await expect(notLoaded).toHaveCount(0);
});
