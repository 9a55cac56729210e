// npm run swarm -- --volunteers 3 --rounds 40 --json out.json; all options: scripts/swarm/options.ts
// The server and real volunteers, trained to the last round without hands, through what a script does to them.
import { writeFileSync } from 'node:fs';
import { createSignalingServer } from '../signaling-server/server.ts';
import { Cast } from './swarm/cast.ts';
import { ChromiumVolunteer } from './swarm/chromium-volunteer.ts';
import { deadlineMsOf } from './swarm/deadline.ts';
import type { VolunteerDriver } from './swarm/driver.ts';
import { Hosts } from './swarm/hosts.ts';
import { readOptions, type SwarmOptions } from './swarm/options.ts';
import { takePicture } from './swarm/picture.ts';
import { ProgressPrinter, progressLine } from './swarm/progress.ts';
import { buildReport, type DoneStep, type SwarmReport } from './swarm/report.ts';
import { Cues } from './swarm/script.ts';
import { shortfalls } from './swarm/shortfalls.ts';

const stuckAfterMs = 180_000;
const startWithinMs = 120_000;
const lookEveryMs = 300;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Presses Join and waits until the volunteer is at work, so that the next one finds its run. */
async function start(volunteer: VolunteerDriver): Promise<void> {
  await volunteer.join();
  const deadline = performance.now() + startWithinMs;
  while ((await volunteer.status()) === undefined) {
    if (performance.now() > deadline)
      throw new Error(
        `a ${volunteer.host} volunteer did not start within ${startWithinMs / 1000} s. ${volunteer.errors.join('; ')}`,
      );
    await pause(100);
  }
}

/** Trains a run to its last round. Rejects if a volunteer fails, or if none moves for three minutes. */
async function train(options: SwarmOptions, hosts: Hosts): Promise<SwarmReport> {
  const { rounds, script, screenshot } = options;
  const cast = new Cast(() => hosts.open(options.hosts[0]), options.seed ?? 0);
  for (const host of options.hosts) {
    const volunteer = await hosts.open(host);
    await start(volunteer);
    cast.add(volunteer);
  }
  const cues = new Cues(script?.steps ?? []);
  const steps: DoneStep[] = [];
  const printer = new ProgressPrinter(process.stdout);
  const startedMs = performance.now();
  let movedMs = startedMs;
  let lastSeen = '';
  let pictured = false;
  for (;;) {
    await cast.look();
    const { lines, slowest } = cast;
    printer.draw(
      lines.map((line) => progressLine(line, rounds)),
      slowest / rounds,
    );
    const step = cues.due(cast.fastest);
    const performed = step === undefined ? undefined : await cast.perform(step);
    if (performed !== undefined) {
      cues.done();
      steps.push(performed.done);
      printer.say(performed.text);
    } else if (cast.isFinished) {
      const wallSeconds = (performance.now() - startedMs) / 1000;
      return buildReport(cast.witnesses, { script: script?.name, steps, wallSeconds });
    }
    if (screenshot !== undefined && hosts.chromium !== undefined && !pictured && slowest >= 0.9 * rounds) {
      pictured = true;
      const tabs = cast.drivers.flatMap((driver) =>
        driver instanceof ChromiumVolunteer ? [driver.tab] : [],
      );
      await takePicture(hosts.chromium, tabs, screenshot);
    }
    const seen = lines.map(({ status, ended }) => `${ended ?? status?.round ?? 'joining'}`).join();
    if (seen !== lastSeen) {
      lastSeen = seen;
      movedMs = performance.now();
    } else if (performance.now() - movedMs > stuckAfterMs) {
      const states = lines.map(
        ({ name, status }) => `${name} ${status?.state ?? 'joining'}: ${status?.reason ?? ''}`,
      );
      const errors = cast.drivers.flatMap((driver) => driver.errors);
      throw new Error(
        `no volunteer moved for ${stuckAfterMs / 1000} s. ${states.join(' | ')}. ${errors.join('; ')}`,
      );
    }
    await pause(lookEveryMs);
  }
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const { preset, rounds, seed, json, script } = options;
  const server = await createSignalingServer({ port: 0 });
  const hosts = new Hosts({
    origin: server.url,
    room: 'swarm',
    preset,
    volunteers: options.hosts.length,
    rounds,
    ...(seed === undefined ? {} : { seed }),
  });
  try {
    const report = await train(options, hosts);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
    const { records, ...summary } = report;
    console.log(JSON.stringify({ ...summary, records: `${records.length} records` }, null, 2));
    if (!report.digestsAgree) process.exitCode = 1;
    if (!options.check) return;
    const missing = shortfalls(report, {
      scriptSteps: script?.steps.length ?? 0,
      deadlineMs: deadlineMsOf(preset, rounds),
    });
    for (const promise of missing) console.error(`not kept: ${promise}`);
    if (missing.length > 0) process.exitCode = 1;
  } finally {
    await hosts.close();
    await server.close();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
