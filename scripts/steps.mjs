// What set-up, start and test share. Node built-ins only: set-up runs before any package is installed.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Whether this module is the program and not something it imports. */
export const isProgram = (url) =>
  process.argv[1] !== undefined && url === pathToFileURL(process.argv[1]).href;

/** Runs a program in the project's root with our own input and output; resolves with its exit code. */
export function run(command, args, environment = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    child.on('error', (error) => {
      console.error(`${command} cannot be run: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

export const runNode = (args, environment) => run(process.execPath, args, environment);

/** Runs a program that an npm package brought. */
export const runPackage = (name, args, environment) =>
  run(
    join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name),
    args,
    environment,
  );

/** When the newest file at or under `path` changed, in ms; 0 where there is none. */
function newestMs(path, counts) {
  if (!existsSync(path)) return 0;
  const facts = statSync(path);
  if (!facts.isDirectory()) return counts(path) ? facts.mtimeMs : 0;
  return Math.max(0, ...readdirSync(path).map((name) => newestMs(join(path, name), counts)));
}

/** Whether `product` is there and no source (a path from the root, a folder or a file) is newer than it. */
export function isUpToDate(product, sources) {
  const path = join(root, product);
  if (!existsSync(path)) return false;
  const madeMs = statSync(path).mtimeMs;
  const counts = (file) => !/\.test\.tsx?$/.test(file);
  return sources.every((source) => newestMs(join(root, source), counts) <= madeMs);
}

const corpusSources = ['package-lock.json', 'scripts/build-corpus.ts', 'src/data'];
const pageSources = [
  ...['index.html', 'embed.html', 'vite.config.ts', 'signaling-server/content-policy.ts'],
  ...['package-lock.json', 'src', 'shaders', 'public'],
];

/** Makes the training text from its packages where it is missing or out of date. Resolves with an exit code. */
export async function makeCorpus() {
  if (isUpToDate('public/corpus/manifest.json', corpusSources)) return 0;
  console.log('Building the training text...');
  return runNode(['--import', 'tsx', 'scripts/build-corpus.ts']);
}

/** Builds the page where it is missing or out of date. Resolves with an exit code. */
export async function makePage() {
  if (isUpToDate('dist/page/index.html', pageSources)) return 0;
  console.log('Building the page...');
  return runPackage('vite', ['build']);
}
