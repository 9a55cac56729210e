// npm run setup: installs the npm packages where they are missing or do not match package-lock.json.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isProgram, isUpToDate, root, run } from './steps.mjs';

/** Resolves with an exit code. */
export async function installPackages() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Node ${process.versions.node} is too old: Starling needs 20.19 or newer.`);
    return 1;
  }
  // npm writes this file last, so it is also missing after an install that was cut short.
  if (isUpToDate('node_modules/.package-lock.json', ['package-lock.json'])) return 0;
  const why = existsSync(join(root, 'node_modules')) ? 'out of date' : 'not installed yet';
  console.log(`The npm packages are ${why}: npm ci`);
  const npm = process.env.npm_execpath;
  // Under NODE_ENV=production npm would leave out what builds the page.
  const args = ['ci', '--include=dev'];
  return npm?.endsWith('.js') === true ? run(process.execPath, [npm, ...args]) : run('npm', args);
}

if (isProgram(import.meta.url)) process.exitCode = await installPackages();
