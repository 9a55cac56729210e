// npm run swarm -- --volunteers 3 --rounds 40 --json out.json [--preset nano] [--seed 1] [--check] [--screenshot tabs.png]
// The server and real browser volunteers, one browser context each, trained to the last round without hands.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createSignalingServer } from '../signaling-server/server.ts';
import { launchChromium } from './swarm/browser.ts';
import { takePicture } from './swarm/picture.ts';
import { ProgressPrinter, progressLine } from './swarm/progress.ts';
import { RecordLog, buildReport, shortfalls } from './swarm/report.ts';
import { VolunteerPage, type PageAddress } from './swarm/volunteer-page.ts';

const usage =
  'npm run swarm -- --volunteers 3 --rounds 40 [--json out.json] [--preset nano|micro|small] [--seed 1] [--check] [--screenshot tabs.png]';

function readArguments() {
  const { values } = parseArgs({
    options: {
      volunteers: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '40' },
      json: { type: 'string' },
      preset: { type: 'string', default: 'nano' },
      seed: { type: 'string' },
      /** Fail unless the report keeps what 300 rounds of nano promise. */
      check: { type: 'boolean', default: false },
      /** A PNG of all tabs, taken when nine tenths of the rounds are done. */
      screenshot: { type: 'string' },
    },
  });
  const whole = (name: string, text: string, low: number, high: number): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new Error(
        `--${name} must be a whole number from ${low} to ${high}, not "${text}". Usage: ${usage}`,
      );
    }
    return value;
  };
  if (!['nano', 'micro', 'small'].includes(values.preset))
    throw new Error(`unknown --preset. Usage: ${usage}`);
  return {
    volunteers: whole('volunteers', values.volunteers, 1, 16),
    rounds: whole('rounds', values.rounds, 1, 1_000_000),
    preset: values.preset,
    ...(values.seed === undefined ? {} : { seed: whole('seed', values.seed, 0, 0xffffffff) }),
    json: values.json,
    screenshot: values.screenshot,
    check: values.check,
  };
}

const stuckAfterMs = 180_000;

async function main(): Promise<void> {
  const { volunteers, rounds, preset, json, screenshot, check, ...rest } = readArguments();
  const server = await createSignalingServer({ port: 0 });
  const browser = await launchChromium();
  try {
    const address: PageAddress = { origin: server.url, room: 'swarm', preset, volunteers, rounds, ...rest };
    const pages: VolunteerPage[] = [];
    for (let i = 0; i < volunteers; i++) {
      const page = await VolunteerPage.open(browser, address);
      pages.push(page);
      if (i > 0) await page.until('the run to be announced', ({ view }) => view.run !== undefined);
      await page.join();
      if (i === 0) await page.until('the run to be announced', ({ view }) => view.run !== undefined);
    }
    const logs = pages.map(() => new RecordLog());
    const printer = new ProgressPrinter(process.stdout);
    const start = performance.now();
    let lastProgress = performance.now();
    let lastRound = -1;
    let pictured = false;
    for (;;) {
      const statuses = (await Promise.all(pages.map((page) => page.snapshot()))).map(
        ({ volunteer }) => volunteer,
      );
      statuses.forEach((status, index) => logs[index]?.add(status?.records ?? []));
      const slowest = Math.min(...statuses.map((status) => status?.round ?? 0));
      printer.draw(
        statuses.map((status, index) => progressLine(`volunteer ${index + 1}`, status, rounds)),
        slowest / rounds,
      );
      const failed = statuses.find((status) => status?.state === 'failed');
      if (failed !== undefined) throw new Error(`a volunteer failed: ${failed.reason} ${failed.fix ?? ''}`);
      const finished = statuses.flatMap((status) => (status?.state === 'finished' ? [status] : []));
      if (finished.length === volunteers) {
        const report = buildReport(finished, logs, (performance.now() - start) / 1000);
        if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
        const { records, ...summary } = report;
        console.log(JSON.stringify({ ...summary, records: `${records.length} records` }, null, 2));
        if (!report.digestsAgree) process.exitCode = 1;
        const missing = check ? shortfalls(report) : [];
        for (const promise of missing) console.error(`not kept: ${promise}`);
        if (missing.length > 0) process.exitCode = 1;
        return;
      }
      if (screenshot !== undefined && !pictured && slowest >= 0.9 * rounds) {
        pictured = true;
        await takePicture(browser, pages, screenshot);
      }
      if (slowest > lastRound) {
        lastRound = slowest;
        lastProgress = performance.now();
      } else if (performance.now() - lastProgress > stuckAfterMs) {
        const states = statuses
          .map((status) => `${status?.state ?? 'viewer'}: ${status?.reason ?? ''}`)
          .join(' | ');
        throw new Error(
          `no volunteer moved for ${stuckAfterMs / 1000} s. ${states}. ${pages.flatMap(({ errors }) => errors).join('; ')}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  } finally {
    await browser.close();
    await server.close();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
