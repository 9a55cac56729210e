import { isIPv6 } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describeError, StarlingError } from '../src/base/errors.ts';
import { keptCertificate, ownHosts, readCertificate } from './certificate.ts';
import { createSignalingServer } from './server.ts';

const inProject = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

function portFromEnvironment(): number {
  const text = process.env['PORT'] ?? '';
  if (text === '') return 4444;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new StarlingError('port-unusable', `PORT is "${text}".`, 'Set it to a number from 0 to 65535.');
  return Number(text);
}

async function certificateFromEnvironment() {
  const certFile = process.env['TLS_CERT'] ?? '';
  const keyFile = process.env['TLS_KEY'] ?? '';
  if (certFile !== '' || keyFile !== '') return readCertificate(certFile, keyFile);
  const made = await keptCertificate(inProject('.starling'), ownHosts(), new Date());
  if (made.generated) console.log('Made a self-signed certificate; it is kept in .starling/.');
  return made;
}

async function main(): Promise<void> {
  const port = portFromEnvironment();
  const server = await createSignalingServer({
    port,
    certificate: await certificateFromEnvironment(),
  }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new StarlingError(
      'port-taken',
      `Port ${port} is taken.`,
      `Stop what uses it, or choose another: PORT=${port + 1} npm start`,
      { cause: error },
    );
  });
  const others = ownHosts().filter((host) => !['localhost', '127.0.0.1', '::1'].includes(host));
  console.log(`\nStarling is ready. On this machine open\n  http://localhost:${server.port}`);
  console.log('From other machines open (the browser asks once to trust the certificate)');
  for (const host of others) console.log(`  https://${isIPv6(host) ? `[${host}]` : host}:${server.port}`);
  console.log('\nPress Ctrl+C to stop.');

  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    console.log(`${signal}: closing.`);
    void server.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  console.error(describeError(error));
  process.exitCode = 1;
});
