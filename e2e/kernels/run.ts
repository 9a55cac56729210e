// npm run test:kernels -- [--device chromium|firefox|node] [-t name] [--json out.json] [part of a file's path ...]: the
// tests of src/kernels and src/gpu, in pages of a browser or (with vitest) in Node. Without a path all of them.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { root, runPackage } from '../../scripts/steps.mjs';
import { bundleTests } from './bundle.ts';
import { PageRunner } from './page-runner.ts';
import { deviceNames, type FileOutcome, type TestOutcome } from './types.ts';

function options(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      device: { type: 'string', default: 'chromium' },
      testNamePattern: { type: 'string', short: 't' },
      json: { type: 'string' },
    },
  });
  const device = deviceNames.find((name) => name === values.device);
  if (device === undefined) throw new RangeError(`--device is one of ${deviceNames.join(', ')}`);
  return { device, named: values.testNamePattern, json: values.json, wanted: positionals };
}

/** Test files whose path has one of `wanted` in it, paths from the root. */
function testFiles(wanted: readonly string[]): string[] {
  return ['src/kernels', 'src/gpu']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    )
    .map((path) => relative('.', path).split(sep).join('/'))
    .filter((path) => path.endsWith('.test.ts'))
    .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
    .sort();
}

const indented = (text: string): string => text.replaceAll(/^/gm, '      ');

function tellTest({ state, name, ms, errors }: TestOutcome): void {
  if (state === 'skipped') return;
  console.log(`  ${state === 'passed' ? 'passed' : 'FAILED'} ${name} ${ms.toFixed(0)} ms`);
  tellErrors(errors);
}

function tellErrors(errors: TestOutcome['errors']): void {
  for (const { message, stack } of errors) {
    console.log(indented(message));
    if (stack !== '') console.log(indented(stack.replaceAll(/^/gm, 'at ')));
  }
}

/** Exit codes: 0 all passed, 1 something failed, 2 wrong arguments, 3 the browser has no WebGPU adapter. */
export async function main(args: string[]): Promise<void> {
  const { device, named, json, wanted } = options(args);
  const files = testFiles(wanted);
  if (files.length === 0) {
    console.error(`No test file's path has ${wanted.join(' or ')} in it.`);
    process.exitCode = 2;
    return;
  }
  if (device === 'node') {
    process.exitCode = await runPackage('vitest', [
      ...['run', '--project', 'gpu', '--reporter=verbose'],
      ...(named === undefined ? [] : ['-t', named]),
      ...files,
    ]);
    return;
  }
  const bundle = await bundleTests(files);
  const runner = await PageRunner.open(device, bundle);
  const outcomes: FileOutcome[] = [];
  try {
    console.log(`${runner.host}: ${runner.adapter ?? 'no WebGPU adapter'}`);
    if (runner.adapter === undefined) {
      process.exitCode = 3;
      return;
    }
    for (const file of files) {
      console.log(file);
      const outcome = await runner.run({ file, named }, tellTest);
      if (outcome.notRun !== undefined) console.log(`  NOT RUN: ${outcome.notRun}`);
      tellErrors(outcome.errors);
      outcomes.push(outcome);
    }
  } finally {
    await runner.close();
  }
  const tests = outcomes.flatMap(({ tests }) => tests);
  const count = (state: TestOutcome['state']): number => tests.filter((test) => test.state === state).length;
  const broken = outcomes.filter(
    ({ tests, errors }) => errors.length > 0 && tests.every(({ state }) => state !== 'failed'),
  );
  const notRun = outcomes.filter(({ notRun }) => notRun !== undefined);
  const failed = count('failed') + broken.length;
  console.log(
    `${runner.host}: ${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped` +
      `${notRun.length > 0 ? `, ${notRun.length} files not run` : ''}` +
      ` in ${(outcomes.reduce((sum, { ms }) => sum + ms, 0) / 1000).toFixed(1)} s`,
  );
  if (json !== undefined) {
    mkdirSync(dirname(json), { recursive: true });
    const { host, adapter } = runner;
    const report = { device, host, adapter, passed: count('passed'), failed, skipped: count('skipped') };
    writeFileSync(json, JSON.stringify({ ...report, files: outcomes }, null, 1));
  }
  process.exitCode = failed > 0 || count('passed') === 0 ? 1 : 0;
}
