// Firefox for the tests: found, or installed from the system's packages with a software Vulkan driver beside it.
import { existsSync, readdirSync } from 'node:fs';
import { findFirefox, withoutFirefox } from './find-firefox.mjs';
import { isProgram, run } from './steps.mjs';

/** Without a Vulkan driver Firefox has WebGPU and no adapter. Other systems have drivers of their own. */
const hasDriver = () =>
  process.platform !== 'linux' ||
  ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'].some(
    (folder) => existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.json')),
  );

/**
 * Whether there is a Firefox now. Its absence fails nothing: the tests that need it are skipped, and the sum says so. Throws
 * where FIREFOX_PATH names nothing runnable.
 */
export async function ensureFirefox() {
  if (findFirefox() !== undefined && hasDriver()) return true;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log(
      'Firefox or a Vulkan driver for it is missing: installing the packages firefox-esr and mesa-vulkan-drivers.',
    );
    await run('apt-get', ['update']);
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'firefox-esr', 'mesa-vulkan-drivers'], {
      DEBIAN_FRONTEND: 'noninteractive',
    });
  }
  if (findFirefox() !== undefined) return true;
  console.log(withoutFirefox);
  return false;
}

// As a program it answers by its exit code.
if (isProgram(import.meta.url)) process.exitCode = (await ensureFirefox()) ? 0 : 1;
