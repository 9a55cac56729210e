import AxeBuilder from '@axe-core/playwright';
import type { VolunteerPage } from '../scripts/swarm/volunteer-page.ts';
import { overflowOf, watchShifts } from './states/gallery.ts';
import { expect, test } from './swarm-fixture.ts';

test('a viewer sees the curve move without training', async ({ swarm }) => {
  await swarm.volunteers(1, {});
  const viewer = await swarm.open();
  const early = await viewer.until('two points', ({ view }) => view.curve.length >= 2);
  const last = early.view.curve.at(-1)?.round ?? Infinity;
  const later = await viewer.until(
    'further points',
    ({ view }) => view.curve.length >= 5 && (view.curve.at(-1)?.round ?? 0) > last,
  );
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

test('of a real run, wide and narrow, light and dark: an audit finds nothing, nothing sticks out, nothing jumps', async ({
  swarm,
}) => {
  const looksOf = async ({ page, errors }: VolunteerPage, what: string): Promise<void> => {
    for (const width of [1280, 375]) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ['light', 'dark'] as const) {
        // Otherwise the audit sees colours half way through a transition.
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const name = `${what}, ${width} pixels, ${colorScheme}`;
        expect.soft(await overflowOf(page), `what sticks out: ${name}`).toEqual([]);
        const axe = new AxeBuilder({ page });
        // Dark differs from light in its colours alone.
        const audit = colorScheme === 'dark' ? axe.withRules(['color-contrast', 'link-in-text-block']) : axe;
        const { violations } = await audit.analyze();
        const found = violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`,
        );
        expect.soft(found, name).toEqual([]);
      }
    }
    expect(errors, what).toEqual([]);
  };
  const tab = await swarm.open({ preset: 'nano', volunteers: 1 });
  await tab.page.getByRole('button', { name: /^join/i }).waitFor();
  await looksOf(tab, 'before');
  await tab.join();
  await tab.until('two rounds', ({ volunteer }) => (volunteer?.round ?? 0) >= 2);
  await looksOf(tab, 'training');
  const viewer = await swarm.open();
  await viewer.until('the curve', ({ view }) => view.curve.length >= 2);
  await looksOf(viewer, 'watching');
  await tab.page.getByTestId('pause').click();
  await tab.until('the pause', ({ volunteer }) => volunteer?.state === 'paused');
  await looksOf(tab, 'paused');
  await tab.page.getByTestId('resume').click();
  await tab.until('training again', ({ volunteer }) => volunteer?.state === 'training');

  // Once its panels are there, what comes with rounds takes no place from what one reads.
  await watchShifts(tab.page);
  const { volunteer } = await tab.snapshot();
  const from = volunteer?.round ?? 0;
  await tab.until('six rounds more', (now) => (now.volunteer?.round ?? 0) >= from + 6);
  const shifts: string[] = await tab.page.evaluate('shifts');
  // A number that gets a digit moves the word behind it by a few pixels. A line that comes or goes moves thousands of times more.
  const moved = shifts.reduce((sum, shift) => sum + Number.parseFloat(shift), 0);
  expect(moved, `what jumped: ${JSON.stringify(shifts)}`).toBeLessThan(0.001);

  await tab.page.getByTestId('leave').click();
  await tab.until('the way out', (now) => now.volunteer?.state === 'left');
  await looksOf(tab, 'left');
});
