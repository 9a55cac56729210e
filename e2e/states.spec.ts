import type { Page } from 'playwright';
import { bundleForPage } from './bundle.ts';
import {
  foundIn,
  galleryOn,
  overflowOf,
  photograph,
  settled,
  shiftsOf,
  type Gallery,
} from './states/gallery.ts';
import { scenes } from './states/scenes.ts';
import { expect, test } from './swarm-fixture.ts';

/** A state of the page, and the way to it. */
interface Stop {
  readonly name: string;
  /** Returns what moved where nothing should. */
  go(gallery: Gallery): Promise<string[]>;
}

const damaged = {
  message: 'The invitation in this address is damaged: the part after # is cut off or changed.',
  fix: 'Copy the whole address again from whoever sent it.',
};

/** Every state, then what a person makes of some of them. */
const stopsOf = ({ states }: Gallery): readonly Stop[] => [
  { name: 'coming', go: ({ openComing }) => openComing().then(() => []) },
  { name: 'could-not-start', go: ({ openComing }) => openComing(damaged).then(() => []) },
  ...states.map((state) => ({
    name: state,
    go: async (gallery: Gallery) => {
      await gallery.open(state);
      return shiftsOf(gallery, state);
    },
  })),
  ...scenes.map(({ name, from, act }) => ({
    name,
    go: async (gallery: Gallery) => {
      if (from !== undefined) await gallery.open(from);
      await settled(gallery.page);
      await act(gallery.page);
      return [];
    },
  })),
];

const schemes = ['light', 'dark'] as const;

/** Looks at a page as it is, in both schemes: nothing moved, nothing sticks out, and an audit finds nothing in what is new. */
async function judge(page: Page, state: string, width: number, moved: readonly string[] = []): Promise<void> {
  const name = `${state}-${width}`;
  expect.soft(moved, `what moved: ${name}`).toEqual([]);
  expect.soft(await overflowOf(page), `what sticks out: ${name}`).toEqual([]);
  for (const scheme of schemes) {
    // Without reduced motion the audit may see colours half way through a transition.
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    const found = await foundIn(page, `${width} ${scheme}`, scheme === 'dark');
    expect.soft(found, `audit: ${name}, ${scheme}`).toEqual([]);
    await photograph(page, state, scheme);
  }
}

const code = () => bundleForPage('../src/ui/gallery.test-data.tsx', 'gallery');

test('in every state, wide and narrow, light and dark: nothing moves, nothing sticks out, an audit finds nothing', async ({
  swarm,
}) => {
  const script = await code();
  const sizes = [
    { width: 1280, height: 900 },
    { width: 375, height: 812 },
  ];
  // Two pages at a time: an audit is the page's own work.
  const looked = sizes.map(async (size) => {
    const { page } = await swarm.open();
    await page.setViewportSize(size);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const gallery = await galleryOn(page, script);
    const stops = stopsOf(gallery);
    for (const { name, go } of stops) await judge(page, name, size.width, await go(gallery));
    return stops.length;
  });
  expect(await Promise.all(looked)).toEqual([expect.any(Number), expect.any(Number)]);
  expect(swarm.pages.flatMap(({ errors }) => errors)).toEqual([]);
});

test('the smallest telephone and the largest screen have room for everything', async ({ swarm }) => {
  const { page } = await swarm.open();
  const gallery = await galleryOn(page, await code());
  const stops = stopsOf(gallery);
  const wide = ['empty', 'training', 'crowd', 'start-filled'];
  const narrow = [...wide, 'noSecureContext', 'lost', 'onBattery', 'model', 'settings', 'in-tables'];
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const { some, ...size } of [
    { width: 320, height: 640, some: narrow },
    { width: 3840, height: 2160, some: wide },
  ]) {
    await page.setViewportSize(size);
    for (const name of some) {
      const stop = stops.find((one) => one.name === name);
      expect(stop, name).toBeDefined();
      await judge(page, name, size.width, await stop?.go(gallery));
    }
  }
});

test('the page for frames in every state', async ({ swarm }) => {
  const { page } = await swarm.open();
  await page.goto(`${swarm.server.url}/embed?run=gallery`);
  const gallery = await galleryOn(page, await code());
  for (const width of [320, 640]) {
    await page.setViewportSize({ width, height: 260 });
    for (const state of gallery.embeds) {
      await gallery.openEmbed(state);
      await page.evaluate('frames(3)');
      await judge(page, `embed-${state}`, width);
    }
  }
  expect(swarm.pages.flatMap(({ errors }) => errors)).toEqual([]);
});

test('what is looked for would be found', async ({ swarm }) => {
  const { page } = await swarm.open();
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  const gallery = await galleryOn(page, await code());
  await gallery.open('training');
  expect(await shiftsOf(gallery, 'training')).toEqual([]);
  expect(await foundIn(page, 'light')).toEqual([]);
  // Once more, and nothing is new.
  expect(await foundIn(page, 'light')).toEqual([]);
  await page.evaluate(`
    const bad = document.createElement('p');
    bad.append('Hardly to be read', document.createElement('button'));
    bad.style.color = '#ddd';
    bad.style.width = '3000px';
    document.querySelector('.site-head').after(bad); undefined`);
  await page.evaluate('frames(3)');
  expect(await page.evaluate('shifts.length')).toBeGreaterThan(0);
  expect(await overflowOf(page)).not.toEqual([]);
  const found = (await foundIn(page, 'light')).map((line) => line.split(':')[0]);
  expect(found).toEqual(expect.arrayContaining(['button-name', 'color-contrast']));
  await page.evaluate("document.querySelector('.panel-agreement h2').style.color = '#ddd'");
  expect((await foundIn(page, 'dark', true)).join()).toContain('color-contrast');
});

test('the page says what is final, lost, repaired and refused, and how far a latecomer has come', async ({
  swarm,
}) => {
  const { page } = await swarm.open();
  const { open, show } = await galleryOn(page, await code());
  const at = (id: string) => page.getByTestId(id);

  await open('training');
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
