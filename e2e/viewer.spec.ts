import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright';
import type { GalleryState } from '../src/ui/gallery.test-data.tsx';
import { bundleForPage } from './bundle.ts';
import { expect, test, type TestSwarm } from './swarm-fixture.ts';

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

/** The real page with snapshots of states that a short run does not reach. */
async function galleryOf(
  swarm: TestSwarm,
): Promise<{ page: Page; states: GalleryState[]; show(state: GalleryState): Promise<void> }> {
  const { page } = await swarm.open();
  // React asks for it, and a library bundle does not answer.
  await page.evaluate('globalThis.process = { env: { NODE_ENV: "production" } }; undefined');
  await page.evaluate(await bundleForPage('../src/ui/gallery.test-data.tsx', 'gallery'));
  await page.evaluate('globalThis.showState = gallery.openGallery("guest"); undefined');
  return {
    page,
    states: await page.evaluate('Object.keys(gallery.gallery)'),
    show: (state) => page.evaluate(`showState(${JSON.stringify(state)}); undefined`),
  };
}

test('the page says what is final, lost, repaired and refused, and how far a latecomer has come', async ({
  swarm,
}) => {
  const { page, show } = await galleryOf(swarm);
  const at = (id: string) => page.getByTestId(id);

  await show('training');
  await expect(at('receipts').locator('[data-round="38"]')).toContainText('final: counted by 3 of 3');
  await expect(at('receipts').locator('[data-round="40"]')).toContainText('provisional: counted');
  await expect(at('lost-explained')).toHaveCount(0);
  await expect(at('ledger').locator('li').first()).toContainText('Round 41');
  await expect(at('ledger').locator('[data-round="39"]')).toContainText('certified, 2 of 3');
  await expect(at('chain')).toHaveAttribute(
    'aria-label',
    'The newest 24 records: 21 final, 1 certified, 2 provisional.',
  );
  await expect(at('finality')).toHaveAttribute('data-finality', 'moving');
  await expect(at('spoken-event')).toHaveText('Messages from others were refused. Traffic lists why.');
  await expect(at('events').locator('li').first()).toContainText('2 more refusals');

  await show('lost');
  await expect(at('receipts').locator('[data-round="37"]')).toContainText('lost: not counted');
  await expect(at('lost-explained')).toContainText('goes back to your momentum');
  await at('rejections').locator('summary').click();
  await expect(at('rejections').getByRole('row', { name: /Record with a wrong signature/ })).toContainText(
    '4',
  );

  await show('differs');
  await expect(at('agreement')).toHaveAttribute('data-agreement', 'differ');
  await show('repaired');
  await expect(at('agreement')).toHaveAttribute('data-agreement', 'agree');
  await expect(at('repaired')).toContainText('Repaired 1 time');

  await show('gpuTrouble');
  await expect(at('gpu-losses')).toHaveText('1 time');
  await expect(at('gpu-errors')).toContainText('3');
  await expect(at('gpu-share')).toHaveText(/^49.% of the time, 50.% asked for$/);
  await expect(at('gpu-plan')).toContainText('in 2 pieces of 2 sequences');
  await expect(at('events').locator('li').last()).toContainText('It was set up again within 1.4 s.');

  await show('waiting');
  await expect(at('finality')).toHaveAttribute('data-finality', 'waiting');
  await expect(at('epoch')).toContainText('went on without them');

  await show('model');
  const bar = page.getByRole('progressbar', { name: 'Fetching the model from 3 volunteers' });
  await expect(bar).toHaveAttribute('aria-valuetext', '412 kB of 657 kB, 61.0 kB/s, about 4 s left');
  await show('warm-up');
  await expect(at('catch-up-text')).toContainText('3 of 8 rounds');
});

test('every state fits a telephone, and those with colours of their own pass an accessibility audit', async ({
  swarm,
}) => {
  const { page, states, show } = await galleryOf(swarm);
  expect(states.length).toBeGreaterThan(8);
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [375, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    // Without it the audit may see colours half way through a transition.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const state of states) {
      await show(state);
      const wide: number = await page.evaluate('document.documentElement.scrollWidth');
      expect(wide, `${state} at ${width} pixels`).toBeLessThanOrEqual(width);
    }
    // Those with colours of their own: an audit takes seconds.
    for (const state of ['lost', 'differs', 'repaired', 'waiting', 'warm-up'] as const) {
      await show(state);
      if (state === 'lost') await page.getByTestId('rejections').locator('summary').click();
      expect((await new AxeBuilder({ page }).analyze()).violations, `${state}, ${colorScheme}`).toEqual([]);
    }
  }
});
