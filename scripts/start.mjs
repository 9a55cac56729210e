// npm start: installs and builds what is missing, then serves the page and the signaling. PORT, TLS_CERT and TLS_KEY:
// signaling-server/main.ts.
import { spawn } from 'node:child_process';
import { installPackages } from './setup.mjs';
import { makeCorpus, makePage, root } from './steps.mjs';

function serve() {
  const server = spawn(process.execPath, ['--import', 'tsx', 'signaling-server/main.ts'], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => server.kill(signal));
  return new Promise((resolve) => {
    server.on('exit', (code) => resolve(code ?? 1));
  });
}

for (const step of [installPackages, makeCorpus, makePage, serve]) {
  process.exitCode = await step();
  if (process.exitCode !== 0) break;
}
