// What the bench does in a browser's page: opens every library on its own device, measures, and sends what it has to say
// to the server that gave it the page.
import { measure } from './bench.ts';
import { countGpuWork } from './gpu-counts.ts';
import { Ours } from './libraries/ours.ts';
import type { Library, PeerName, Request } from './types.ts';

/** The peers' versions, and ours, as the server tells them. */
interface Task extends Request {
  readonly versions: Readonly<Record<PeerName | 'ours', string>>;
}

const send = async (kind: 'line' | 'result' | 'failure', body: string): Promise<void> => {
  await fetch(`/${kind}`, { method: 'POST', body });
};

const openers: Readonly<Record<PeerName, (version: string) => Promise<Library>>> = {
  jax: async (version) => (await import('./libraries/jax.ts')).openJax(version),
  tfjs: async (version) => (await import('./libraries/tfjs.ts')).openTfjs(version),
  ort: async (version) => (await import('./libraries/ort.ts')).openOrt(version),
};

async function main(): Promise<void> {
  const task = (await (await fetch('/task')).json()) as Task;
  countGpuWork();
  const ours = await Ours.open(navigator.gpu, task.versions.ours);
  const peers: Library[] = [];
  for (const name of task.peers) peers.push(await openers[name](task.versions[name]));
  const tell = (line: string): void => {
    void send('line', line);
  };
  await send('result', JSON.stringify(await measure(task, ours, peers, tell)));
}

main().catch((error: unknown) =>
  send('failure', error instanceof Error ? String(error.stack) : String(error)),
);
