import { mkdirSync, writeFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright';
import type { EmbedState, GalleryState } from '../../src/ui/gallery.test-data.tsx';

/**
 * STARLING_SCREENS=folder: pictures of all states, for people to look at; no test compares them. Wide pages in light and narrow ones
 * in dark, which is little enough to keep; with STARLING_LOOKS=all each in both.
 */
const screens = process.env['STARLING_SCREENS'];
const isAllWanted = process.env['STARLING_LOOKS'] === 'all';
const wcag = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** The real page with snapshots of states that a short run does not reach, one after the other. */
export interface Gallery {
  readonly page: Page;
  readonly states: readonly GalleryState[];
  readonly embeds: readonly EmbedState[];
  /** A page of its own in this state. */
  open(state: GalleryState): Promise<void>;
  /** The page that is there, at another snapshot. */
  show(state: GalleryState): Promise<void>;
  openEmbed(state: EmbedState): Promise<void>;
  /** The page before it has a host; with a problem, it will get none. */
  openComing(problem?: { readonly message: string; readonly fix: string }): Promise<void>;
}

/** Makes a gallery of a page. `code` is the bundle of `gallery.test-data.tsx`. */
export async function galleryOn(page: Page, code: string): Promise<Gallery> {
  // What the page that was here goes on to fetch is not looked at.
  await page.route('**/recordings/**', (route) => route.fulfill({ json: {} }));
  // React asks for it, and a library bundle does not answer.
  await page.evaluate('globalThis.process = { env: { NODE_ENV: "production" } }; undefined');
  await page.evaluate(code);
  await watchShifts(page);
  await page.evaluate(`
    globalThis.frames = (count) => new Promise((done) => {
      const next = (left) => left === 0 ? done() : requestAnimationFrame(() => next(left - 1));
      next(count);
    });
    undefined`);
  const does = (script: string): Promise<void> => page.evaluate(`scrollTo(0, 0); ${script}; undefined`);
  return {
    page,
    states: await page.evaluate('Object.keys(gallery.gallery)'),
    embeds: await page.evaluate('gallery.embedStates'),
    open: (state) => does(`globalThis.showState = gallery.openGallery('${state}')`),
    show: (state) => page.evaluate(`showState('${state}'); undefined`),
    openEmbed: (state) => does(`gallery.openEmbed('${state}')`),
    openComing: (problem) => does(`gallery.openComing(${JSON.stringify(problem) ?? ''})`),
  };
}

/** From now on `shifts` of the page lists what moves there that nobody moved: how much, and what. */
export const watchShifts = (page: Page): Promise<void> =>
  page.evaluate(`
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, sources, hadRecentInput } of list.getEntries())
        if (!hadRecentInput)
          shifts.push(value + ' ' + sources.map(({ node }) => node?.className || node?.nodeName).join(', '));
    }).observe({ type: 'layout-shift' });
    undefined`);

/** Resolves when what is loaded on demand is there. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate('frames(2)');
  await page.waitForFunction('document.querySelector(".panels-coming") === null');
  await page.evaluate('frames(2)');
}

/** After its first frames nothing of a page that goes on being told the same may move. */
export async function shiftsOf({ page, show }: Gallery, state: GalleryState): Promise<string[]> {
  await settled(page);
  await page.evaluate('shifts.length = 0');
  await show(state);
  await page.evaluate('frames(3)');
  return page.evaluate('shifts');
}

/** What sticks out of the page's width. */
export const overflowOf = (page: Page): Promise<string[]> =>
  page.evaluate(`(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const out = [...document.querySelectorAll('#root *')].filter((one) => one.getBoundingClientRect().right > clientWidth);
    return [scrollWidth + ' of ' + clientWidth, ...out.slice(0, 5).map((one) => one.className || one.nodeName)];
  })()`);

const colours = ['color-contrast', 'link-in-text-block'];
/** Pages that have the audit's code: each copy of it would hold on to all that it has seen. */
const equipped = new WeakSet<Page>();

/**
 * What an audit against WCAG 2.2 AA finds in the parts of a page that it has not yet seen so in this look; the panels between them
 * are taken out meanwhile. `onlyColours`: this state was audited in another scheme, which differs in colours alone.
 */
export async function foundIn(page: Page, look: string, onlyColours = false): Promise<string[]> {
  const fresh: number = await page.evaluate(`(() => {
    const audited = (globalThis.audited ??= new Set());
    document.querySelectorAll('[data-audit]').forEach((one) => one.removeAttribute('data-audit'));
    const parts = [...document.querySelectorAll('#root > *, main > *, .replay > *, .vitals, .panel')]
      .filter((one) => one.querySelector('.panels') === null && !one.matches('.panels'));
    const isFresh = (one) => {
      // Ids are numbered through; what is typed or chosen is not in the document's text.
      const held = [...one.querySelectorAll('input, textarea')].map(({ value, checked }) => value + checked);
      const key = '${look}' + one.outerHTML.replace(/_r_\\w+_/g, '') + held;
      return !audited.has(key) && audited.add(key);
    };
    const fresh = parts.filter(isFresh);
    fresh.forEach((one) => one.setAttribute('data-audit', ''));
    globalThis.known = fresh.length === 0 ? [] : parts.filter((one) => !fresh.includes(one) && one.matches('.vitals, .panel'));
    known.forEach((one) => { one.hidden = true; one.style.display = 'none'; });
    return fresh.length;
  })()`);
  if (fresh === 0) return [];
  const axeSource = equipped.has(page) ? ';' : undefined;
  equipped.add(page);
  const builder = new AxeBuilder({ page, ...(axeSource && { axeSource }) })
    .include('[data-audit]')
    .setLegacyMode();
  const audit = onlyColours ? builder.withRules(colours) : builder.withTags(wcag);
  const { violations } = await audit.options({ resultTypes: ['violations'] }).analyze();
  await page.evaluate("known.forEach((one) => { one.hidden = false; one.style.display = ''; })");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

/** The most of a page that a picture shows: what comes below is the same in most states. */
const mostHeight = 1_300;

/** Where screens are asked for: the page down to the last part that is new in this state, as a picture. */
export async function photograph(page: Page, name: string, scheme: 'light' | 'dark'): Promise<void> {
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 900 };
  const isWide = width > 500;
  const isKept = isAllWanted || isWide === (scheme === 'light');
  if (screens === undefined || !isKept) return;
  const bottom: number = await page.evaluate(`Math.max(0, ...[...document.querySelectorAll('[data-audit]')]
    .map((one) => one.getBoundingClientRect().bottom + scrollY))`);
  const tall = Math.round(Math.min(mostHeight, Math.max(bottom + 16, 480)));
  // At another height of the window, so that the strip is where it belongs.
  await page.setViewportSize({ width, height: Math.max(tall, height) });
  await page.evaluate('scrollTo(0, 0); frames(3)');
  // Curves are drawn when they are seen.
  await page.waitForTimeout(150);
  const session = await page.context().newCDPSession(page);
  const scale = width > 2_000 ? 0.35 : isWide ? 0.7 : 0.85;
  const clip = { x: 0, y: 0, width, height: isWide ? tall : Math.max(tall, height), scale };
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 20, clip });
  mkdirSync(screens, { recursive: true });
  writeFileSync(`${screens}/${name}-${width}-${scheme}.webp`, Buffer.from(data, 'base64'));
  await session.detach();
  await page.setViewportSize({ width, height });
}
