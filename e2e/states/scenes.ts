import { expect } from 'playwright/test';
import type { Page } from 'playwright';
import type { GalleryState } from '../../src/ui/gallery.test-data.tsx';

/** What a state looks like after somebody has done something on the page. */
export interface Scene {
  readonly name: string;
  /** The state it begins in; undefined: it goes on where the scene before it ended. */
  readonly from: GalleryState | undefined;
  act(page: Page): Promise<void>;
}

const file = (name: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('Call me Ishmael.') });

async function openForm(page: Page): Promise<void> {
  await page.getByTestId('start-place').locator('> summary').click();
  await expect(page.getByTestId('start-run')).toBeVisible();
}

async function ownText(page: Page, name: string): Promise<void> {
  await openForm(page);
  await page.getByTestId('text-choice-own').check();
  await page.getByTestId('text-choice-files').setInputFiles([file(name)]);
}

async function ownModel(page: Page, names: readonly string[]): Promise<void> {
  await openForm(page);
  await page.getByTestId('start-from-own').check();
  await page.getByTestId('start-from-files').setInputFiles(names.map(file));
}

const starting: readonly Scene[] = [
  { name: 'start-form', from: 'empty', act: openForm },
  {
    name: 'start-filled',
    from: 'emptyMeasured',
    async act(page) {
      await ownText(page, 'moby.txt');
      await expect(page.getByTestId('text-choice-ready')).toContainText('3 files');
      await page.getByTestId('start-name').fill('Class 7b!');
      await page.getByTestId('start-volunteers').fill('3');
      await page.getByTestId('start-invited').check();
      await page.getByText('How they learn together').click();
      await expect(page.getByTestId('start-address')).toContainText('run=class-7b');
      await expect(page.getByTestId('start-estimate')).toContainText('a round');
    },
  },
  {
    name: 'start-wrong',
    from: 'empty',
    async act(page) {
      await openForm(page);
      await page.getByTestId('start-rounds').fill('many');
      await page.getByTestId('start-run').click();
      await expect(page.getByTestId('start-wrong')).toContainText('“Rounds”');
    },
  },
  {
    name: 'start-failed',
    from: 'empty',
    async act(page) {
      await openForm(page);
      await page.getByTestId('start-name').fill('taken');
      await page.getByTestId('start-run').click();
      await expect(page.getByTestId('problem')).toContainText('could not be fetched');
    },
  },
  {
    name: 'text-being-cut',
    from: 'empty',
    async act(page) {
      await ownText(page, 'slow.txt');
      await expect(page.getByTestId('text-choice').getByRole('progressbar')).toHaveAttribute('value', /0\.6/);
      await expect(page.getByTestId('start-run')).toHaveAttribute('aria-disabled', 'true');
    },
  },
  {
    name: 'text-refused',
    from: 'empty',
    async act(page) {
      await ownText(page, 'holiday.png');
      await expect(page.getByTestId('text-choice-problem')).toContainText('holiday.png');
    },
  },
  {
    name: 'model-ready',
    from: 'emptyMeasured',
    async act(page) {
      await ownModel(page, ['config.json', 'tokenizer.json', 'model.safetensors']);
      await expect(page.getByTestId('start-from-ready')).toContainText('nano');
      await expect(page.getByTestId('start-nano')).toBeChecked();
    },
  },
  {
    name: 'model-refused',
    from: 'empty',
    async act(page) {
      await ownModel(page, ['config.json']);
      await expect(page.getByTestId('start-from-problem')).toContainText('no model.safetensors');
    },
  },
];

const joining: readonly Scene[] = [
  {
    name: 'join-pressed',
    from: 'empty',
    async act(page) {
      await page.getByTestId('join').first().click();
      await expect(page.getByTestId('join').first()).toHaveAttribute('aria-disabled', 'true');
    },
  },
  {
    name: 'join-refused',
    from: 'guestHeld',
    async act(page) {
      await page.getByTestId('join').first().click();
      await expect(page.getByTestId('problem')).toContainText('Run anyway');
    },
  },
  {
    name: 'forget-sure',
    from: 'guest',
    async act(page) {
      await page.getByTestId('consent').locator('summary').click();
      await page.getByTestId('forget').click();
      await expect(page.getByTestId('forget-now')).toBeVisible();
    },
  },
  {
    name: 'forgotten',
    from: undefined,
    async act(page) {
      await page.getByTestId('forget-now').click();
      await expect(page.getByTestId('forgotten')).not.toBeEmpty();
    },
  },
];

const keys: readonly Scene[] = [
  {
    name: 'key',
    from: 'guest',
    async act(page) {
      await page.getByTestId('key-place').locator('summary').click();
      await expect(page.getByTestId('key-here')).toBeVisible();
      await expect(page.getByTestId('keys-away')).toContainText('My old laptop');
    },
  },
  {
    name: 'key-in-run',
    from: 'training',
    async act(page) {
      await page.getByTestId('key-place').locator('summary').click();
      await expect(page.getByTestId('key-in-run')).toBeVisible();
    },
  },
];

const recorded: readonly Scene[] = [
  {
    name: 'recording',
    from: 'empty',
    async act(page) {
      await expect(page.getByTestId('replay-moment')).toContainText('Round 120');
      await page.getByTestId('replay').scrollIntoViewIfNeeded();
      await expect(page.locator('.replay .uplot canvas').first()).toBeVisible();
    },
  },
  {
    name: 'recording-plays',
    from: undefined,
    async act(page) {
      await page.getByTestId('replay-play').click();
      await expect(page.getByTestId('replay-moment')).not.toContainText('Round 120');
      await expect(page.getByTestId('replay-moment')).not.toContainText(/Round 1 /);
    },
  },
  {
    name: 'recording-refused',
    from: undefined,
    async act(page) {
      await page.getByTestId('replay-play').click();
      await page.getByLabel('Open a recording').setInputFiles([file('mine.json')]);
      await expect(page.locator('.replay-problem')).not.toBeEmpty();
    },
  },
];

const training: readonly Scene[] = [
  {
    name: 'settings',
    from: 'onBattery',
    async act(page) {
      await page.getByTestId('more').click();
      await expect(page.getByTestId('comfort')).toBeVisible();
    },
  },
  {
    name: 'consent-later',
    from: 'training',
    async act(page) {
      await page.getByTestId('consent').locator('summary').click();
    },
  },
  {
    name: 'in-tables',
    from: 'training',
    async act(page) {
      for (const table of await page.locator('.panels details > summary').all()) await table.click();
      const asTable = page.getByRole('button', { name: 'Table', exact: true });
      if (await asTable.isVisible()) await asTable.click();
      await expect(page.getByTestId('peers')).toBeVisible();
    },
  },
  {
    name: 'renaming',
    from: 'training',
    async act(page) {
      await page.getByTestId('own-name').getByRole('button').first().click();
      await page.locator('.name-form input').fill('');
      await page.locator('.name-form').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'written',
    from: 'training',
    async act(page) {
      await page.getByTestId('prompt').fill('The ');
      await page.getByTestId('write').click();
      await expect(page.getByTestId('written')).toHaveAttribute('data-state', 'done');
    },
  },
  {
    name: 'prompt-wrong',
    from: undefined,
    async act(page) {
      await page.locator('.prompt details > summary').click();
      await page.getByTestId('prompt-temperature').fill('hot');
      await page.getByTestId('write').click();
      await expect(page.getByTestId('prompt-wrong')).toBeVisible();
    },
  },
  {
    name: 'writing-failed',
    from: 'training',
    async act(page) {
      await page.getByTestId('prompt').fill('fail');
      await page.getByTestId('write').click();
      await expect(page.getByTestId('write-problem')).toBeVisible();
    },
  },
  {
    name: 'taken-home',
    from: 'finished',
    async act(page) {
      await page.getByTestId('take-home').click();
      await expect(page.getByTestId('taken-home')).toContainText('.tar');
      await page.getByTestId('make-card').click();
      await expect(page.getByTestId('share-card')).toBeVisible();
      await page.getByTestId('take-home').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'take-home-failed',
    from: 'training',
    async act(page) {
      await page.getByRole('radio', { name: /bf16/i }).check();
      await page.getByTestId('take-home').click();
      await expect(page.getByTestId('take-home-problem')).toBeVisible();
    },
  },
];

export const scenes: readonly Scene[] = [...starting, ...joining, ...keys, ...recorded, ...training];
