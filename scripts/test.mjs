// npm test: every check and every test, in order, all of them even when one fails. `node scripts/test.mjs unit lint` runs
// the named steps only. What was skipped is named with its reason, and the last line is the sum:
// `N passed, N failed[, N skipped]`. A step that is no test suite counts as one.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ensureChromium } from './ensure-chromium.mjs';
import { ensureFirefox } from './ensure-firefox.mjs';
import { findFirefox, withoutFirefox } from './find-firefox.mjs';
import { installPackages } from './setup.mjs';
import { makeCorpus, root, runNode, runPackage } from './steps.mjs';

const reports = 'dist/reports';

/** One line for everything that was not run, with why. */
const notRun = [];

/** The counts a test runner wrote, as [passed, failed, skipped]; undefined where it did not get that far. */
function readReport(file, count) {
  const path = join(root, file);
  return existsSync(path) ? count(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
}

/** A runner that fails though no test did (a file that does not load, an error outside a test) is one failure. */
function counted(exitCode, counts) {
  const [passed, failed, skipped] = counts ?? [0, 0, 0];
  return [passed, failed === 0 && (exitCode !== 0 || counts === undefined) ? 1 : failed, skipped];
}

async function check(work) {
  const exitCode = await work();
  return exitCode === 0 ? [1, 0, 0] : [0, 1, 0];
}

async function vitest(project, ...more) {
  const file = `${reports}/${project}.json`;
  rmSync(join(root, file), { force: true });
  const exitCode = await runPackage('vitest', [
    'run',
    '--project',
    project,
    ...more,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]);
  return counted(
    exitCode,
    readReport(file, (report) => {
      for (const { assertionResults } of report.testResults)
        for (const { status, fullName } of assertionResults)
          if (['skipped', 'pending', 'todo', 'disabled'].includes(status)) notRun.push(fullName.trim());
      return [report.numPassedTests, report.numFailedTests, report.numPendingTests + report.numTodoTests];
    }),
  );
}

/** Tests of a Playwright report that were skipped, with the reasons their annotations give. */
function* skippedIn({ suites = [], specs = [] }) {
  for (const { title, tests } of specs)
    for (const { status, annotations } of tests)
      if (status === 'skipped')
        yield [title, ...annotations.flatMap(({ description }) => description ?? [])].join(': ');
  for (const suite of suites) yield* skippedIn(suite);
}

async function playwright() {
  const file = `${reports}/e2e.json`;
  rmSync(join(root, file), { force: true });
  const exitCode = await runPackage('playwright', ['test'], {
    PLAYWRIGHT_JSON_OUTPUT_NAME: join(root, file),
  });
  return counted(
    exitCode,
    readReport(file, (report) => {
      const { stats } = report;
      notRun.push(...skippedIn(report));
      return [stats.expected + stats.flaky, stats.unexpected, stats.skipped];
    }),
  );
}

/** Without Firefox the step is skipped, not failed. */
async function firefox() {
  if (await ensureFirefox()) return [1, 0, 0];
  notRun.push(withoutFirefox);
  return [0, 0, 1];
}

/** The kernel tests in both browsers side by side; Firefox is skipped where there is none, or no adapter for it. */
async function kernels() {
  const file = `${reports}/kernels.json`;
  rmSync(join(root, file), { force: true });
  const hasFirefox = findFirefox() !== undefined;
  const devices = hasFirefox ? 'chromium,firefox' : 'chromium';
  const exitCode = await runNode([
    'scripts/run.mjs',
    'e2e/kernels/run.ts',
    ...['--device', devices, '--json', file],
  ]);
  const missing = hasFirefox ? [] : [`The kernel tests in Firefox: ${withoutFirefox}`];
  const counts = readReport(file, (browsers) => {
    for (const { device, adapter, files } of browsers) {
      if (device === 'firefox' && adapter === null)
        missing.push(
          'The kernel tests in Firefox: it finds no WebGPU adapter here; install a Vulkan driver (mesa-vulkan-drivers).',
        );
      for (const { file: name, notRun: why, tests } of files) {
        if (why !== undefined) missing.push(`${name} in ${device}: ${why}`);
        for (const { state, name: test } of tests)
          if (state === 'skipped') notRun.push(`${test} in ${device}`);
      }
    }
    // Tests of what an adapter has to offer are not even collected where it does not.
    const ran = browsers.filter(({ adapter }) => adapter !== null);
    for (const feature of ['shader-f16', 'subgroups'])
      if (ran.length > 0 && !ran.some(({ features }) => features.includes(feature)))
        missing.push(`The kernel tests of ${feature}: no adapter here offers it.`);
    const total = (column) => browsers.reduce((sum, browser) => sum + browser[column], 0);
    // Chromium brings a software adapter: there, none is a failure.
    const without = browsers.filter(({ device, adapter }) => device === 'chromium' && adapter === null);
    return [total('passed'), total('failed') + without.length, total('skipped') + missing.length];
  });
  notRun.push(...missing);
  const adapterMissing = 3; // counted above
  return counted(exitCode === adapterMissing ? 0 : exitCode, counts);
}

const layers = ['src', 'signaling-server', 'e2e', 'scripts', 'bench'].filter((path) =>
  existsSync(join(root, path)),
);

const steps = {
  setup: () => check(installPackages),
  chromium: () => check(ensureChromium),
  firefox,
  corpus: () => check(makeCorpus),
  format: () => check(() => runPackage('prettier', ['--check', '.'])),
  types: () => check(() => runPackage('tsc', ['-p', '.'])),
  lint: () => check(() => runPackage('eslint', ['.'])),
  layering: () => check(() => runPackage('depcruise', layers)),
  build: () => check(() => runPackage('vite', ['build'])),
  // The stories of a swarm are two files that take minutes of one core each.
  unit: () => vitest('unit', '--maxWorkers=2'),
  // Compiling pipelines is most of it, on one core each.
  gpu: () => vitest('gpu', '--maxWorkers=2'),
  kernels,
  e2e: playwright,
};

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`There is no step ${unknown.join(', ')}. Steps: ${Object.keys(steps).join(' ')}`);
  process.exit(2);
}
mkdirSync(join(root, reports), { recursive: true });
const chosen =
  named.length === 0 ? Object.keys(steps) : Object.keys(steps).filter((name) => named.includes(name));
const rows = [];
for (const name of chosen) {
  console.log(`\n== ${name}`);
  const start = performance.now();
  let result;
  try {
    result = await steps[name]();
  } catch (error) {
    console.error(error);
    result = [0, 1, 0];
  }
  rows.push([name, ...result, ((performance.now() - start) / 1000).toFixed(1)]);
  // Nothing else can run without the packages.
  if (name === 'setup' && result[1] > 0) break;
}

const sum = (column) => rows.reduce((total, row) => total + row[column], 0);
const [passed, failed, skipped] = [sum(1), sum(2), sum(3)];
console.log(
  `\n${['step', 'passed', 'failed', 'skipped', 'seconds'].map((cell) => cell.padEnd(10)).join('')}`,
);
for (const row of rows) console.log(row.map((cell) => String(cell).padEnd(10)).join(''));
if (notRun.length > 0) console.log(`\nnot run:\n${notRun.map((line) => `  ${line}`).join('\n')}`);
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
