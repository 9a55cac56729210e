// node scripts/run.mjs bench/joining.ts [--pairs 8] [--seconds 15] [--sides page,bare] [--viewport 1280x900]
// What the page costs the training in it: the same run of `nano`, alone, in the whole page (built before, `npm run build`) and in a
// page that starts the same worker and shows nothing, in one headless Chromium. Both are set up, then they train by turns, so that
// what else the machine does falls on both. Measured are micro-batches a second, and the processor time that all of Chromium takes for
// one: what others do on the machine changes the first far more than the second. Writes docs/results/joining.json. `--sides bare,bare`
// is the control.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright';
import { bundleForPage } from '../e2e/bundle.ts';
import { launchChromium } from '../scripts/swarm/browser.ts';
import { pageUrl } from '../scripts/swarm/volunteer-page.ts';
import { createSignalingServer } from '../signaling-server/server.ts';
import { median } from './kernels/statistics.ts';

/** Rounds until everything is compiled and has been used. */
const warmUpRounds = 4;
/** What a run of a seed asks of each volunteer, whatever its speed; trainBare checks it. */
const microBatchesARound = 1;
/** How long until what a pause leaves on the GPU is done, ms. */
const settleMs = 2_000;

type Round = readonly [round: number, ms: number];

/** A training that can be held. */
interface Side {
  readonly pause: () => Promise<void>;
  readonly resume: () => Promise<void>;
  /** Every round so far. */
  readonly rounds: () => Promise<readonly Round[]>;
}

interface Turn {
  readonly rounds: number;
  /** Micro-batches a second, by the round in the middle. */
  readonly speed: number;
  /** Of all processes of the browser, for a micro-batch. */
  readonly cpuMs: number;
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
    await page.getByTestId('strip').getByRole('button', { name, exact: true }).click();
  };
  return {
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
}

interface Spread {
  readonly middle: number;
  readonly least: number;
  readonly most: number;
}

const spread = (values: readonly number[]): Spread => ({
  middle: median(values),
  least: Math.min(...values),
  most: Math.max(...values),
});

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 240_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
    await sleep(500);
  }
}

/** Processor time of all processes of a browser so far, ms. */
async function cpuMs(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return 1_000 * processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** Lets one train for a while. Its first round, a part of which was before it was held, says nothing of its speed. */
async function turnOf(browser: Browser, side: Side, seconds: number): Promise<Turn> {
  const before = (await side.rounds()).length;
  const from = await cpuMs(browser);
  await side.resume();
  await sleep(1_000 * seconds);
  await side.pause();
  await sleep(settleMs);
  const took = (await cpuMs(browser)) - from;
  const rounds = (await side.rounds()).slice(before);
  const ms = rounds.slice(1).flatMap(([, roundMs]) => (Number.isFinite(roundMs) ? [roundMs] : []));
  if (ms.length < 3) throw new Error('A turn is to have four rounds at least: give it more --seconds.');
  const microBatches = rounds.length * microBatchesARound;
  return {
    rounds: rounds.length,
    speed: (1_000 * microBatchesARound) / median(ms),
    cpuMs: took / microBatches,
  };
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
      pairs: { type: 'string', default: '8' },
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
      results.push({ a: ofA, b: ofB, speed: ofA.speed / ofB.speed, cpu: ofA.cpuMs / ofB.cpuMs });
      const said = ({ speed, cpuMs: cpu, rounds }: Turn): string =>
        `${speed.toFixed(2)} a second, ${cpu.toFixed(1)} ms of CPU each, ${rounds} rounds`;
      console.log(`pair ${pair + 1}, micro-batches: ${said(ofA)} | ${said(ofB)}`);
    }
    const [speed, cpu] = [spread(results.map((one) => one.speed)), spread(results.map((one) => one.cpu))];
    const said = ({ middle, least, most }: Spread): string =>
      `${middle.toFixed(3)} (${least.toFixed(3)} to ${most.toFixed(3)})`;
    console.log(`\n${values.sides.replace(',', ' against ')}, median of ${pairs} pairs:`);
    console.log(`  micro-batches a second ${said(speed)}`);
    console.log(`  processor time for one ${said(cpu)}`);
    if (values.sides !== 'page,bare') return;
    mkdirSync('docs/results', { recursive: true });
    const result = { pairs, seconds, viewport: values.viewport, speed, cpu, results };
    writeFileSync('docs/results/joining.json', `${JSON.stringify(result, undefined, 2)}\n`);
  } finally {
    await browser.close();
    await server.close();
  }
}
