import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './swarm-fixture.ts';

test('a viewer sees the curve move without training', async ({ swarm }) => {
  await swarm.volunteers(1, {});
  const viewer = await swarm.open();
  const early = await viewer.until('two points', ({ view }) => view.curve.length >= 2);
  const later = await viewer.until('five points', ({ view }) => view.curve.length >= 5);
  expect(later.view.curve.at(-1)?.round).toBeGreaterThan(early.view.curve.at(-1)?.round ?? Infinity);
  expect(later.view.presences.length).toBeGreaterThan(0);
  expect(later.volunteer).toBeUndefined();
  await expect(viewer.page.locator('.uplot canvas').first()).toBeVisible();
});

test('over plain HTTP at another address the page is a viewer that says why, and over HTTPS it trains', async ({
  swarm,
}) => {
  const { port } = swarm.server;
  const plain = await swarm.open({ origin: `http://starling.test:${port}` });
  const { environment } = await plain.snapshot();
  expect(environment.canTrain).toBe(false);
  await expect(plain.page.getByRole('button', { name: /^join/i })).toHaveCount(0);
  const link = plain.page.getByTestId('secure-link');
  await expect(link).toHaveAttribute('href', new RegExp(`^https://starling\\.test:${port}/`));

  await link.click();
  await plain.page.waitForURL(/^https:/);
  await plain.ready();
  await plain.until('the secure page', ({ environment: e }) => e.canTrain);
  await plain.join();
  await plain.until('two rounds', ({ volunteer }) => (volunteer?.round ?? 0) >= 2);

  const watching = await swarm.open({ origin: `http://starling.test:${port}` });
  await watching.until('the curve over plain HTTP', ({ view }) => view.curve.length >= 1);
});

test('the page passes an accessibility audit before and during training, in light and dark', async ({
  swarm,
}) => {
  const tab = await swarm.open({ preset: 'nano' });
  await tab.page.getByRole('button', { name: /^join/i }).waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await tab.page.emulateMedia({ colorScheme });
    expect((await new AxeBuilder({ page: tab.page }).analyze()).violations).toEqual([]);
  }
  await tab.join();
  await tab.until('two rounds', ({ volunteer }) => (volunteer?.round ?? 0) >= 2);
  for (const colorScheme of ['light', 'dark'] as const) {
    await tab.page.emulateMedia({ colorScheme });
    expect((await new AxeBuilder({ page: tab.page }).analyze()).violations).toEqual([]);
  }
});
