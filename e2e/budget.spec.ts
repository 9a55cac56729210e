import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright';
import { expect, test } from './swarm-fixture.ts';

/** Gzipped script until a viewer sees what it is here for. */
const budgetBytes = 150_000;
/** Longer than this and a page stutters. */
const longTaskMs = 50;
const rounds = 30;

interface Script {
  readonly name: string;
  readonly gzipped: number;
  readonly text: string;
}

/** All scripts a page loads, from now on. */
function scriptsOf(page: Page): () => Promise<Map<string, Script>> {
  const coming: Promise<[string, Script] | undefined>[] = [];
  page.on('response', (response) => {
    const url = response.url();
    if (!new URL(url).pathname.endsWith('.js')) return;
    const name = url.slice(url.lastIndexOf('/') + 1);
    coming.push(
      response.body().then(
        (body) => [url, { name, gzipped: gzipSync(body, { level: 6 }).length, text: body.toString() }],
        () => undefined, // the page went
      ),
    );
  });
  return async () => new Map((await Promise.all(coming)).filter((one) => one !== undefined));
}

const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
const sum = (scripts: readonly Script[]): number => scripts.reduce((all, { gzipped }) => all + gzipped, 0);

test('a viewer sees the page after less than 150 kB of script, and never loads what trains', async ({
  swarm,
  chromium,
}) => {
  const [tab] = await swarm.volunteers(1, {});
  const context = await chromium.newContext();
  const page = await context.newPage();
  const loaded = scriptsOf(page);
  // When the viewer's own heading is painted: not the empty head of the page, which comes before it.
  await page.addInitScript(`
    const look = () => document.querySelector('[data-testid="state"]') === null
      ? requestAnimationFrame(look)
      : requestAnimationFrame(() => performance.mark('viewer'));
    look();`);
  // A name that is no secure context over HTTP: nobody can train here.
  await page.goto(`http://starling.test:${swarm.server.port}/${new URL(tab.page.url()).search}`);
  // A function: a string would have to be compiled in the page, which its content policy refuses.
  await page.waitForFunction(() => performance.getEntriesByName('viewer').length > 0);
  await expect(page.getByTestId('state')).toHaveAttribute('data-state', 'viewer');
  await expect(page.locator('.uplot canvas').first()).toBeVisible({ timeout: 60_000 });

  const ends: [string, number][] = await page.evaluate(
    'performance.getEntriesByType("resource").map(({ name, responseEnd }) => [name, responseEnd])',
  );
  const [viewer, first]: [number, number] = await page.evaluate(
    '[performance.getEntriesByName("viewer")[0].startTime, performance.getEntriesByName("first-contentful-paint")[0].startTime]',
  );
  const scripts = await loaded();
  const until = (ms: number): Script[] =>
    ends.flatMap(([url, end]) => (end <= ms ? (scripts.get(url) ?? []) : []));
  const [atPaint, atViewer, all] = [until(first), until(viewer), [...scripts.values()]];
  for (const [what, some] of [
    ['until something is painted', atPaint],
    ['until the viewer is painted', atViewer],
    ['until its curve is drawn', all],
  ] as const)
    console.log(
      `${what}: ${kB(sum(some))} of script (${some.map((one) => `${one.name} ${kB(one.gzipped)}`).join(', ')})`,
    );

  expect(atViewer.length).toBeGreaterThan(0);
  expect(sum(atPaint)).toBeLessThan(budgetBytes);
  expect(sum(atViewer)).toBeLessThan(budgetBytes);
  // Charts and graph come after the paint; keys, transport, kernels and the generator never do.
  const named = (some: readonly Script[], name: RegExp): string[] =>
    some.flatMap((script) => (name.test(script.name) ? [script.name] : []));
  expect(named(atViewer, /^(CurvePlot|SwarmCanvas)-/)).toEqual([]);
  expect(named(all, /^CurvePlot-/)).toHaveLength(1);
  expect(named(all, /^(worker|taking-part|own-text)/)).toEqual([]);
  expect(all.filter(({ text }) => text.includes('@compute')).map(({ name }) => name)).toEqual([]);
  await context.close();
});

const watchLongTasks = `
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  }).observe({ type: 'longtask' });
  undefined`;

/** What the page's thread did, ms: from its beginning to its end, and of that what the thread itself ran for. */
interface Task {
  readonly wallMs: number;
  readonly ownMs: number;
}

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
}

/** All tasks of the page's thread until what it returns is called. */
async function traceTasks(browser: Browser, page: Page): Promise<() => Promise<readonly Task[]>> {
  const session = await browser.newBrowserCDPSession();
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'blink.user_timing'], excludedCategories: ['*'] },
  });
  // Tells this page's thread from all others.
  await page.evaluate('performance.mark("this-page"); undefined');
  return async () => {
    const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
    await session.send('Tracing.end');
    await complete;
    await session.detach();
    const mark = events.find(({ name }) => name === 'this-page');
    return events.flatMap(({ ph, name, pid, tid, dur = 0, tdur }) =>
      ph === 'X' && name.endsWith('RunTask') && pid === mark?.pid && tid === mark.tid && tdur !== undefined
        ? [{ wallMs: dur / 1_000, ownMs: tdur / 1_000 }]
        : [],
    );
  };
}

test('the page is never busy for long while its tab trains', async ({ swarm, chromium }) => {
  const tab = await swarm.open({ preset: 'nano', seed: 1 });
  await tab.page.evaluate(watchLongTasks);
  await tab.join();
  await tab.until('the first round', ({ volunteer }) => (volunteer?.round ?? 0) >= 1, 240_000);
  const joining: number[] = await tab.page.evaluate('longTasks.splice(0)');
  const traced = await traceTasks(chromium, tab.page);
  const begin = performance.now();
  const last = rounds + ((await tab.snapshot()).volunteer?.round ?? 0);
  await tab.until(`${rounds} rounds more`, ({ volunteer }) => (volunteer?.round ?? 0) >= last, 240_000);
  const seconds = (performance.now() - begin) / 1_000;
  const training: number[] = await tab.page.evaluate('longTasks');
  const tasks = await traced();
  const worst = (some: readonly number[]): string => `${Math.max(0, ...some).toFixed(0)} ms`;
  const own = tasks.map(({ ownMs }) => ownMs);
  console.log(
    `tasks over ${longTaskMs} ms by the clock: while joining ${joining.length}, the longest ${worst(joining)}; ` +
      `in ${rounds} rounds (${seconds.toFixed(0)} s) ${training.length}, the longest ${worst(training)}.\n` +
      `Of ${tasks.length} tasks in those rounds the thread itself ran for ${worst(own)} at the longest, ` +
      `and was busy for ${((0.1 * own.reduce((sum, ms) => sum + ms, 0)) / seconds).toFixed(1)} % of the time.`,
  );
  // The rest of a task's time its thread waited for a core: here the GPU itself is threads on the same two cores.
  expect(own.length).toBeGreaterThan(10 * seconds);
  expect(Math.max(...own)).toBeLessThan(longTaskMs);
});
