// Where this machine keeps Firefox, and what to run it with. Node built-ins only: set-up runs it before any package is
// installed.
import { accessSync, constants } from 'node:fs';

const usualPlaces = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/usr/lib/firefox-esr/firefox-esr',
  '/snap/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

/** Why a test that needs Firefox is not run. */
export const withoutFirefox =
  'No Firefox, and none could be installed: install firefox-esr (on Debian, with mesa-vulkan-drivers), or set FIREFOX_PATH to its program.';

const isExecutable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The installed Firefox: FIREFOX_PATH if set (an error if it names nothing runnable), else the usual places. */
export function findFirefox() {
  const named = process.env.FIREFOX_PATH;
  if (named !== undefined && named !== '') {
    if (!isExecutable(named))
      throw new Error(`FIREFOX_PATH is ${named}, which is not an executable file: mend or unset it.`);
    return named;
  }
  return usualPlaces.find(isExecutable);
}

/**
 * Our environment without the names by which Dawn in Node is led to the driver that ships with Chromium: Firefox is to find
 * the system's own, so that it is a stack of its own.
 */
export function firefoxEnvironment() {
  const { VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: libraries, ...rest } = process.env;
  if (driver === undefined || !driver.endsWith('vk_swiftshader_icd.json')) return { ...process.env };
  const folder = driver.slice(0, driver.lastIndexOf('/'));
  const others = (libraries ?? '').split(':').filter((path) => path !== '' && path !== folder);
  return others.length === 0 ? rest : { ...rest, LD_LIBRARY_PATH: others.join(':') };
}
