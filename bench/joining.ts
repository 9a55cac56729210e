// node scripts/run.mjs bench/joining.ts [--pairs 10] [--seconds 15] [--sides page,bare] [--viewport 1280x900]
// What the page costs the training in it: the same run of `nano`, alone, in the whole page (built before, `npm run build`) and in a
// page that starts the same worker and shows nothing, in one headless Chromium. Both are set up, then they train by turns, so that
// what else the machine does falls on both, and whoever waits is frozen. Measured are micro-batches a second, and the processor time that
// all of Chromium takes for one, thread by thread. The kernels are the same on both sides and take more or less by what others do on the
// machine; the other threads are where a page costs something, so what they take more, of all that a micro-batch takes bare, is the cost
// with the least noise. Writes docs/results/joining.json. `--sides bare,bare` is the control.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright';
import { bundleForPage } from '../e2e/bundle.ts';
import { launchChromium } from '../scripts/swarm/browser.ts';
import { pageUrl } from '../scripts/swarm/volunteer-page.ts';
import { createSignalingServer } from '../signaling-server/server.ts';
import { inWords, spreadOf, type Spread } from './spread.ts';
import { threadsBetween, threadTimes } from './threads.ts';
import { median } from './kernels/statistics.ts';

/** Rounds until everything is compiled and has been used: the engine goes on with it for a while. */
const warmUpRounds = 300;
/** What a run of a seed asks of each volunteer, whatever its speed; trainBare checks it. */
const microBatchesARound = 1;
/** How long until what a pause leaves on the GPU is done, ms. */
const settleMs = 2_000;

type Round = readonly [round: number, ms: number];

/** A training that can be held. */
interface Side {
  readonly page: Page;
  readonly pause: () => Promise<void>;
  readonly resume: () => Promise<void>;
  /** Every round so far. */
  readonly rounds: () => Promise<readonly Round[]>;
}

interface Turn {
  readonly rounds: number;
  /** Micro-batches a second, by the round in the middle. */
  readonly speed: number;
  /** Of all threads of the browser, for a micro-batch. */
  readonly cpuMs: number;
  /** Of each, by its name. */
  readonly threads: Readonly<Record<string, number>>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One context for both sides: they are to take the same kernels, which the first one measures. */
async function openContext(browser: Browser, viewport: string): Promise<BrowserContext> {
  const [width = 1280, height = 900] = viewport.split('x').map(Number);
  const context = await browser.newContext({ viewport: { width, height } });
  // What the GPU's share costs is not asked here: both sides take all of it.
  await context.addInitScript(() => {
    localStorage['starling-comfort'] = JSON.stringify({ share: 1 });
  });
  return context;
}

async function wholePage(page: Page, address: string): Promise<Side> {
  await page.goto(address);
  await page.getByRole('button', { name: /^join/i }).click();
  const press = async (name: string): Promise<void> => {
    // Not by the mouse: what the tool does to find a place for it would be taken for the page's own work.
    const button = page.getByTestId('strip').getByRole('button', { name, exact: true });
    await button.evaluate((found) => (found as { click?: () => void }).click?.());
  };
  return {
    page,
    pause: () => press('Pause'),
    resume: () => press('Resume'),
    rounds: () =>
      page.evaluate(`(() => {
        const { metrics } = starling.snapshot();
        return metrics === undefined ? [] : Array.from(metrics.column('round'), (round, i) => [round, metrics.column('roundMs')[i]]);
      })()`),
  };
}

async function barePage(page: Page, address: string, worker: string): Promise<Side> {
  const { origin, search } = new URL(address);
  // Anything of the same origin that has no script.
  await page.goto(`${origin}/corpus/manifest.json`);
  await page.evaluate(await bundleForPage('../bench/joining-page.ts', 'joining'));
  await page.evaluate(
    `joining.trainBare('/assets/${worker}', '${search}').then((training) => { globalThis.bare = training; })`,
  );
  const microBatches: number = await page.evaluate('bare.tokensARound / bare.tokensAMicroBatch');
  if (microBatches !== microBatchesARound) throw new Error(`A round has ${microBatches} micro-batches.`);
  return {
    page,
    pause: () => page.evaluate('bare.pause()'),
    resume: () => page.evaluate('bare.resume()'),
    rounds: () => page.evaluate('bare.rounds()'),
  };
}

interface Pair {
  readonly a: Turn;
  readonly b: Turn;
  /** Of the first, where the other is 1. */
  readonly speed: number;
  readonly cpu: number;
  /** What the first takes more outside the kernels, of all that the other takes. */
  readonly cost: number;
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 240_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
    await sleep(500);
  }
}

/** Lets one train for a while. Its first round, a part of which was before it was held, says nothing of its speed. */
async function turnOf(browser: Browser, side: Side, seconds: number): Promise<Turn> {
  const session = await side.page.context().newCDPSession(side.page);
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  const before = (await side.rounds()).length;
  const from = await threadTimes(browser);
  await side.resume();
  await sleep(1_000 * seconds);
  await side.pause();
  await sleep(settleMs);
  const to = await threadTimes(browser);
  const rounds = (await side.rounds()).slice(before);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  await session.detach();
  const ms = rounds.slice(1).flatMap(([, roundMs]) => (Number.isFinite(roundMs) ? [roundMs] : []));
  if (ms.length < 3) throw new Error('A turn is to have four rounds at least: give it more --seconds.');
  const microBatches = rounds.length * microBatchesARound;
  const threads = Object.fromEntries(
    [...threadsBetween(from, to)].map(([name, ms]) => [name, ms / microBatches]),
  );
  return {
    rounds: rounds.length,
    speed: (1_000 * microBatchesARound) / median(ms),
    cpuMs: sum(Object.values(threads)),
    threads,
  };
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** SwiftShader's own threads, by whose time a kernel is computed. */
const isKernels = (thread: string): boolean => thread === 'GPU/Thread';

const besidesKernels = ({ threads }: Turn): number =>
  sum(Object.entries(threads).flatMap(([name, ms]) => (isKernels(name) ? [] : [ms])));

const pairOf = (a: Turn, b: Turn): Pair => ({
  ...{ a, b, speed: a.speed / b.speed, cpu: a.cpuMs / b.cpuMs },
  cost: (besidesKernels(a) - besidesKernels(b)) / b.cpuMs,
});

/** What each thread takes for a micro-batch on either side, ms, the largest difference first. */
function threadsOf(pairs: readonly Pair[]): (readonly [name: string, a: number, b: number])[] {
  const names = new Set(pairs.flatMap(({ a, b }) => [...Object.keys(a.threads), ...Object.keys(b.threads)]));
  const of = (side: 'a' | 'b', name: string): number =>
    median(pairs.map((pair) => pair[side].threads[name] ?? 0));
  return [...names]
    .map((name) => [name, of('a', name), of('b', name)] as const)
    .filter(([, a, b]) => a + b > 0.2)
    .sort((x, y) => Math.abs(y[1] - y[2]) - Math.abs(x[1] - x[2]));
}

async function prepared(side: Side): Promise<void> {
  await until('the first rounds', async () => (await side.rounds()).length >= warmUpRounds);
  await side.pause();
  await sleep(settleMs);
}

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      pairs: { type: 'string', default: '10' },
      seconds: { type: 'string', default: '15' },
      sides: { type: 'string', default: 'page,bare' },
      viewport: { type: 'string', default: '1280x900' },
    },
  });
  const [pairs, seconds] = [Number(values.pairs), Number(values.seconds)];
  const worker = readdirSync('dist/page/assets').find((name) => /^worker-.*\.js$/.test(name));
  if (worker === undefined) throw new Error('There is no built page: npm run build.');
  const server = await createSignalingServer({ port: 0 });
  const browser = await launchChromium();
  try {
    const context = await openContext(browser, values.viewport);
    const sides: Side[] = [];
    for (const [index, name] of values.sides.split(',').entries()) {
      const address = pageUrl({ origin: server.url, room: `joining-${index}`, preset: 'nano', seed: 1 });
      const page = await context.newPage();
      const side = await (name === 'page' ? wholePage(page, address) : barePage(page, address, worker));
      await prepared(side);
      const session = await context.newCDPSession(page);
      await session.send('Page.setWebLifecycleState', { state: 'frozen' });
      sides.push(side);
    }
    const [a, b] = sides;
    if (a === undefined || b === undefined) throw new Error('--sides names two.');
    const results: Pair[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      // Either goes first as often as the other.
      const first = await turnOf(browser, pair % 2 === 0 ? a : b, seconds);
      const second = await turnOf(browser, pair % 2 === 0 ? b : a, seconds);
      const [ofA, ofB] = pair % 2 === 0 ? [first, second] : [second, first];
      results.push(pairOf(ofA, ofB));
      const said = ({ speed, cpuMs: cpu, rounds }: Turn): string =>
        `${speed.toFixed(2)} a second, ${cpu.toFixed(1)} ms of CPU each, ${rounds} rounds`;
      console.log(`pair ${pair + 1}, micro-batches: ${said(ofA)} | ${said(ofB)}`);
    }
    const middle = (of: (pair: Pair) => number): Spread => spreadOf(results.map(of));
    const [speed, cpu, cost] = [
      middle(({ speed: a }) => a),
      middle(({ cpu: a }) => a),
      middle(({ cost: a }) => a),
    ];
    console.log(
      `\n${values.sides.replace(',', ' against ')}, median of ${pairs} pairs (95 % of medians drawn anew):`,
    );
    console.log(`  micro-batches a second ${inWords(speed)}`);
    console.log(`  processor time for one ${inWords(cpu)}`);
    console.log(`  of that, more outside the kernels ${inWords(cost)}`);
    console.log('\nProcessor time of a micro-batch by thread, ms:');
    const threads = threadsOf(results);
    for (const [name, a, b] of threads)
      console.log(`  ${name.padEnd(44)} ${a.toFixed(2).padStart(8)} ${b.toFixed(2).padStart(8)}`);
    if (values.sides !== 'page,bare') return;
    mkdirSync('docs/results', { recursive: true });
    const each = results.map(({ a, b, ...ratios }) => ({ ...ratios, page: a.speed, bare: b.speed }));
    const said = { pairs, seconds, viewport: values.viewport, speed, cpu, cost, threads, each };
    const rounded = JSON.stringify(said, (_, value: unknown) =>
      typeof value === 'number' ? Number(value.toPrecision(4)) : value,
    );
    writeFileSync('docs/results/joining.json', `${JSON.stringify(JSON.parse(rounded), undefined, 2)}\n`);
  } finally {
    await browser.close();
    await server.close();
  }
}
