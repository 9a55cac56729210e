// node scripts/run.mjs bench/curves.ts [--rounds 100000] [--repetitions 30]
// How long the page's thread is busy with the curves of a long run: what a history of it costs, here in Node, and what a redraw
// costs in headless Chromium. Prints tables and writes docs/results/curves.json. One frame at 60 Hz is 16.7 ms.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { bundleForPage } from '../e2e/bundle.ts';
import { findChromium } from '../scripts/find-chromium.mjs';
import { charts } from '../src/ui/curves/catalogue.ts';
import { csvOf } from '../src/ui/curves/csv.ts';
import { decimate } from '../src/ui/curves/decimate.ts';
import { rowsOf } from '../src/ui/curves/readout.ts';
import { smooth } from '../src/ui/curves/smooth.ts';
import { curveTable } from '../src/ui/curves/table.ts';
import { fakeMetrics } from '../src/ui/curves/fake-metrics.test-data.ts';
import { MetricsFeed } from '../src/volunteer/metrics-feed.ts';
import type { RedrawTimes } from './curves-page.ts';

interface Figure {
  readonly name: string;
  readonly median: number;
  readonly worst: number;
}

const figureOf = ({ name, ms }: RedrawTimes): Figure => {
  const sorted = [...ms].sort((a, b) => a - b);
  return { name, median: sorted[sorted.length >> 1], worst: sorted[sorted.length - 1] };
};

const timed = (name: string, repetitions: number, work: () => unknown): Figure => {
  const ms: number[] = [];
  for (let i = 0; i < repetitions + 3; i++) {
    const start = performance.now();
    work();
    ms.push(performance.now() - start);
  }
  return figureOf({ name, ms: ms.slice(3) });
};

function pureFigures(rounds: number, repetitions: number): Figure[] {
  const metrics = fakeMetrics(rounds);
  const table = curveTable([], metrics);
  const facts = { parameters: 164_160 };
  const [xs, train] = [table.rounds, table.column('train')];
  const smoothed = smooth(xs, train, 30);
  const range = { min: 1, max: rounds, log: false };
  const few = Math.min(repetitions, 5);
  return [
    timed('keep the whole history, row by row', few, () => fakeMetrics(rounds)),
    timed('join the columns of a chart', repetitions, () => curveTable([], metrics).column('train')),
    timed('smooth a curve', repetitions, () => smooth(xs, train, 30)),
    timed('decimate two curves to 1,200 pixels', repetitions, () =>
      decimate(xs, [train, smoothed], range, 1_200),
    ),
    timed('choose 20 rows for the table', repetitions, () => rowsOf(charts[0], table, facts, range)),
    timed('export all points as CSV', few, () => [...csvOf(table, facts)]),
  ];
}

/** What a worker sends its page for one new round. */
function bytesARound(): number {
  const feed = new MetricsFeed();
  feed.add({ round: 1, train: 5 });
  return feed.take()?.rows.byteLength ?? 0;
}

async function redrawFigures(rounds: number, repetitions: number): Promise<Figure[]> {
  const executablePath = findChromium();
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: ['--no-sandbox', '--disable-background-networking', '--no-first-run'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.evaluate(await bundleForPage('../bench/curves-page.ts', 'curves'));
    const times: RedrawTimes[] = await page.evaluate(`curves.timeRedraws(${rounds}, ${repetitions})`);
    return times.map(figureOf);
  } finally {
    await browser.close();
  }
}

function print(title: string, figures: readonly Figure[]): void {
  console.log(`\n${title.padEnd(44)}${'median'.padStart(10)}${'worst'.padStart(10)}`);
  for (const { name, median, worst } of figures)
    console.log(
      `${name.padEnd(44)}${`${median.toFixed(2)} ms`.padStart(10)}${`${worst.toFixed(2)} ms`.padStart(10)}`,
    );
}

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '100000' },
      repetitions: { type: 'string', default: '30' },
    },
  });
  const [rounds, repetitions] = [Number(values.rounds), Number(values.repetitions)];
  const pure = pureFigures(rounds, repetitions);
  const redraw = await redrawFigures(rounds, repetitions);
  const bytes = bytesARound();
  print(`${rounds} rounds, in Node`, pure);
  print(`${rounds} rounds, a redraw in Chromium`, redraw);
  console.log(`\nFrom the worker to its page: ${bytes} bytes a round.`);
  mkdirSync('docs/results', { recursive: true });
  const result = { rounds, repetitions, bytesARound: bytes, pure, redraw };
  writeFileSync('docs/results/curves.json', `${JSON.stringify(result, undefined, 2)}\n`);
}
