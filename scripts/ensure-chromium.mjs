// Chromium for the tests: found, or installed from the system's packages, or fetched by Playwright.
import { existsSync } from 'node:fs';
import { findChromium } from './find-chromium.mjs';
import { isProgram, run, runPackage } from './steps.mjs';

async function fromPlaywright() {
  const { chromium } = await import('playwright');
  const path = chromium.executablePath();
  return existsSync(path) ? path : undefined;
}

/** Makes sure that there is a Chromium, and names it in CHROME_PATH if it is in no usual place. Resolves with an exit code. */
export async function ensureChromium() {
  if (findChromium() !== undefined) return 0;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('No Chromium found: installing the package chromium.');
    await run('apt-get', ['update']);
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], {
      DEBIAN_FRONTEND: 'noninteractive',
    });
    if (findChromium() !== undefined) return 0;
  }
  let path = await fromPlaywright();
  if (path === undefined) {
    console.log('No Chromium found: Playwright fetches one.');
    await runPackage('playwright', ['install', 'chromium']);
    path = await fromPlaywright();
  }
  if (path === undefined) {
    console.error(
      'No Chromium, and none could be installed. Install one, or set CHROME_PATH to its program.',
    );
    return 1;
  }
  process.env.CHROME_PATH = path;
  return 0;
}

if (isProgram(import.meta.url)) process.exitCode = await ensureChromium();
