import { launchChromium } from '../../scripts/swarm/browser.ts';
import { launchFirefox } from '../../scripts/swarm/firefox-volunteer.ts';
import { nodeGpu } from '../../src/hosts/node.ts';
import { measure } from './bench.ts';
import { countGpuWork } from './gpu-counts.ts';
import { Ours } from './libraries/ours.ts';
import { serveBench } from './server.ts';
import type { DeviceName, Measured, Request } from './types.ts';

type Versions = Readonly<Record<string, string>>;

/** Measures where it is asked to. Rejects with what the page threw, or when the page ends before it is done. */
export async function measureOn(
  device: DeviceName,
  request: Request,
  versions: Versions,
  tell: (line: string) => void,
): Promise<{ measured: Measured; host: string }> {
  if (device === 'node') {
    const entry = nodeGpu();
    countGpuWork();
    const ours = await Ours.open(entry, versions['ours']);
    const measured = await measure({ ...request, peers: [] }, ours, [], tell);
    return { measured, host: `Node ${process.version}, Dawn` };
  }
  const server = await serveBench({ ...request, versions }, tell);
  const { close, host, ended } = await (device === 'chromium' ? openChromium : openFirefox)(server.url, tell);
  try {
    return { measured: await Promise.race([server.result, ended]), host };
  } finally {
    server.close();
    await close();
  }
}

interface Opened {
  readonly host: string;
  /** Rejects when the page is gone. */
  readonly ended: Promise<never>;
  readonly close: () => Promise<void>;
}

async function openChromium(url: string, tell: (line: string) => void): Promise<Opened> {
  const browser = await launchChromium();
  const page = await browser.newPage();
  const ended = new Promise<never>((_, reject) => {
    page.on('crash', () => {
      reject(new Error('the page crashed'));
    });
    page.on('pageerror', reject);
    browser.on('disconnected', () => {
      reject(new Error('Chromium ended'));
    });
  });
  ended.catch(() => undefined);
  page.on('console', (message) => {
    if (message.type() === 'error') tell(`console: ${message.text()}`);
  });
  await page.goto(url);
  return { host: `Chromium ${browser.version()}`, ended, close: () => browser.close() };
}

async function openFirefox(url: string, tell: (line: string) => void): Promise<Opened> {
  const browser = await launchFirefox();
  const page = await browser.newPage();
  const ended = new Promise<never>((_, reject) => {
    page.on('pageerror', reject);
    browser.on('disconnected', () => {
      reject(new Error('Firefox ended'));
    });
  });
  ended.catch(() => undefined);
  page.on('console', (message) => {
    if (message.type() === 'error') tell(`console: ${message.text()}`);
  });
  await page.goto(url);
  return { host: (await browser.version()).replace('/', ' '), ended, close: () => browser.close() };
}
