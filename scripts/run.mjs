// node scripts/run.mjs <file.ts> [arguments]: runs a TypeScript file that imports shaders, in Node with Dawn.
// Starts a child, because the dynamic loader reads where the software Vulkan driver is at process start.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { softwareVulkanEnvironment } from './find-chromium.mjs';

const [file, ...rest] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/run.mjs <file.ts> [arguments]');
  process.exit(2);
}
const program = `
  const { runnerImport } = await import('vite');
  const { module } = await runnerImport(${JSON.stringify(`./${file}`)}, { configFile: false });
  await module.main(process.argv.slice(1));
  process.exit(process.exitCode ?? 0);
`;
const child = spawn(process.execPath, ['--input-type=module', '-e', program, '--', ...rest], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: { ...process.env, ...softwareVulkanEnvironment() },
  stdio: 'inherit',
});
// Ctrl-C at a terminal reaches both; we wait for the child to end its own way.
process.on('SIGINT', () => {
  if (!process.stdin.isTTY) child.kill('SIGINT');
});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
