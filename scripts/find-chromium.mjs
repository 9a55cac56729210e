// Where this machine keeps Chromium and the software Vulkan driver beside it. Node built-ins only: set-up runs it
// before any package is installed.
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

const isExecutable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The installed Chromium: CHROME_PATH if set (an error if it names nothing runnable), else the usual places. */
export function findChromium() {
  const named = process.env.CHROME_PATH;
  if (named !== undefined && named !== '') {
    if (!isExecutable(named))
      throw new Error(`CHROME_PATH is ${named}, which is not an executable file: mend or unset it.`);
    return named;
  }
  return usualPlaces.find(isExecutable);
}

/** Environment under which Dawn in Node finds the software Vulkan driver shipped with Chromium; {} where there is none. */
export function softwareVulkanEnvironment() {
  if (process.env.VK_ICD_FILENAMES !== undefined) return {};
  const chromium = findChromium();
  const folders = [
    chromium && dirname(realpathSync(chromium)),
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
  ];
  const folder = folders.find(
    (path) => path !== undefined && existsSync(join(path, 'vk_swiftshader_icd.json')),
  );
  if (folder === undefined) return {};
  const before = process.env.LD_LIBRARY_PATH;
  return {
    // Mesa's device-selection layer loads into every process and writes to its stderr; with one driver it selects nothing.
    NODEVICE_SELECT: '1',
    VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'),
    LD_LIBRARY_PATH: before === undefined || before === '' ? folder : `${folder}:${before}`,
  };
}
