import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../scripts/steps.mjs';
import { browserNames, type BrowserName } from './types.ts';

export interface Options {
  /** Browsers, which run side by side, or Node alone. */
  readonly device: readonly BrowserName[] | 'node';
  /** A regular expression for the names of tests. */
  readonly named: string | undefined;
  readonly json: string | undefined;
  /** Parts of the paths of test files; none means all. */
  readonly wanted: readonly string[];
}

/** Throws RangeError or TypeError for what the command does not know. */
export function parseOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      device: { type: 'string', default: 'chromium' },
      testNamePattern: { type: 'string', short: 't' },
      json: { type: 'string' },
    },
  });
  const browsers = values.device.split(',').map((word) => {
    const found = browserNames.find((name) => name === word);
    if (found === undefined && values.device !== 'node')
      throw new RangeError(`--device is node, or one or both of ${browserNames.join(',')}`);
    return found;
  });
  const device =
    values.device === 'node' ? 'node' : [...new Set(browsers.filter((name) => name !== undefined))];
  return { device, named: values.testNamePattern, json: values.json, wanted: positionals };
}

/** Files of tests that take minutes: only by their whole name. */
const longFiles = ['e2e/kernels/mixed-precision.long.ts'];

/** The test files of kernels and of what they stand on, paths from the root. */
export function testFiles(wanted: readonly string[]): string[] {
  return ['src/kernels', 'src/gpu']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name).replaceAll('\\', '/'),
      ),
    )
    .filter((path) => path.endsWith('.test.ts'))
    .concat('src/model/mixed-precision.gpu.test.ts') // a page may have f16 where Node has none
    .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
    .concat(longFiles.filter((path) => wanted.some((part) => part !== '' && path.endsWith(`${part}.ts`))))
    .sort();
}
