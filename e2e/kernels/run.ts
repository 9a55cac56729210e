// npm run test:kernels -- [--device chromium,firefox|node] [-t name] [--json out.json] [part of a file's path ...]: the
// tests of src/kernels and src/gpu, in pages of a browser (of two side by side), or with vitest in Node.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { runPackage } from '../../scripts/steps.mjs';
import { bundleTests, type Bundle } from './bundle.ts';
import { parseOptions, testFiles } from './options.ts';
import { PageRunner } from './page-runner.ts';
import type { BrowserName, BrowserReport, FileOutcome, TestOutcome } from './types.ts';

const indented = (text: string): string => text.replaceAll(/^/gm, '      ');

function tellErrors(tell: (line: string) => void, errors: TestOutcome['errors']): void {
  for (const { message, stack } of errors) {
    tell(indented(message));
    if (stack !== '') tell(indented(stack.replaceAll(/^/gm, 'at ')));
  }
}

function summed(files: readonly FileOutcome[]): Pick<BrowserReport, 'passed' | 'failed' | 'skipped'> {
  const tests = files.flatMap((file) => file.tests);
  const count = (wanted: TestOutcome['state']): number =>
    tests.filter(({ state }) => state === wanted).length;
  // A file that failed though no test of it did: it did not load, or its page died, or a hook threw.
  const broken = files.filter(
    (file) => file.errors.length > 0 && !file.tests.some(({ state }) => state === 'failed'),
  );
  return { passed: count('passed'), failed: count('failed') + broken.length, skipped: count('skipped') };
}

type Tell = (line: string) => void;

/** The files of one browser, that one or two instances of it take turns at. */
interface Work {
  readonly device: BrowserName;
  readonly left: string[];
  readonly outcomes: FileOutcome[];
  host: string;
  /** Null until a browser has found one. */
  adapter: string | null;
  features: readonly string[];
  seconds: number;
}

/** Runs what `take` gives, one after the other, in a browser of its own. With `brief`, only failures and sums a file are told. */
async function runFiles(
  work: Work,
  bundle: Bundle,
  take: () => string | undefined,
  {
    named,
    brief,
    tell,
  }: { readonly named: string | undefined; readonly brief: boolean; readonly tell: Tell },
): Promise<void> {
  const runner = await PageRunner.open(work.device, bundle);
  try {
    work.host = runner.host;
    tell(`${runner.host}: ${runner.adapter?.words ?? 'no WebGPU adapter'}`);
    if (runner.adapter === undefined) return;
    work.adapter = runner.adapter.words;
    work.features = runner.adapter.features;
    for (let file = take(); file !== undefined; file = take()) {
      if (!brief) tell(file);
      const outcome = await runner.run({ file, named }, ({ state, name, ms, errors }) => {
        if (state === 'failed' || (state === 'passed' && !brief))
          tell(`  ${state === 'failed' ? 'FAILED' : state} ${name} ${ms.toFixed(0)} ms`);
        tellErrors(tell, errors);
      });
      tellErrors(tell, outcome.errors);
      const { passed, failed } = summed([outcome]);
      const counts = `${passed} passed, ${failed} failed in ${(outcome.ms / 1000).toFixed(1)} s`;
      if (outcome.notRun !== undefined) tell(`  NOT RUN ${file}: ${outcome.notRun}`);
      else if (brief) tell(`${file}: ${counts}`);
      work.outcomes.push(outcome);
    }
  } finally {
    await runner.close();
  }
}

/**
 * Runs `files` in each of `devices`, side by side. A browser that is done is followed by a second instance of one that is not,
 * which takes files from the end: the machine has a core for each.
 */
async function runAll(
  devices: readonly BrowserName[],
  bundle: Bundle,
  files: readonly string[],
  named: string | undefined,
): Promise<BrowserReport[]> {
  const start = performance.now();
  const brief = devices.length > 1;
  const works = devices.map((device): Work => {
    return { device, left: [...files], outcomes: [], host: device, adapter: null, features: [], seconds: 0 };
  });
  const run = async (work: Work, take: () => string | undefined): Promise<void> => {
    const tell: Tell = (line) => {
      console.log(brief ? `${work.device.padEnd(8)} ${line}` : line);
    };
    await runFiles(work, bundle, take, { named, brief, tell });
    work.seconds = (performance.now() - start) / 1000;
  };
  await Promise.all(
    works.map(async (work) => {
      await run(work, () => work.left.shift());
      const behind = works.find(({ adapter, left }) => adapter !== null && left.length > 0);
      if (work.adapter !== null && behind !== undefined) await run(behind, () => behind.left.pop());
    }),
  );
  return works.map(({ device, host, adapter, features, seconds, outcomes }) => {
    const sums = summed(outcomes);
    console.log(`${host}: ${sums.passed} passed, ${sums.failed} failed in ${seconds.toFixed(1)} s`);
    return { device, host, adapter, features, ...sums, seconds, files: outcomes };
  });
}

/** Exit codes: 0 all passed, 1 something failed or nothing ran, 2 wrong arguments, 3 a browser has no WebGPU adapter. */
export async function main(args: string[]): Promise<void> {
  const { device, named, json, wanted } = parseOptions(args);
  const files = testFiles(wanted);
  if (files.length === 0) {
    console.error(`No test file's path has ${wanted.join(' or ')} in it.`);
    process.exitCode = 2;
    return;
  }
  if (device === 'node') {
    const pattern = named === undefined ? [] : ['-t', named];
    process.exitCode = await runPackage('vitest', [
      ...['run', '--project', 'gpu', '--reporter=verbose'],
      ...pattern,
      ...files,
    ]);
    return;
  }
  const bundle = await bundleTests(files);
  const reports = await runAll(device, bundle, files, named);
  if (json !== undefined) {
    mkdirSync(dirname(json), { recursive: true });
    writeFileSync(json, JSON.stringify(reports, null, 1));
  }
  const withAdapter = reports.filter(({ adapter }) => adapter !== null);
  if (withAdapter.some(({ passed, failed }) => failed > 0 || passed === 0)) process.exitCode = 1;
  else if (withAdapter.length < reports.length) process.exitCode = 3;
}
