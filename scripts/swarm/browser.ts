// Chromium as volunteers for the runner and the end-to-end tests: one browser context each, so that WebRTC and not
// BroadcastChannel carries the bytes, and every address named is loopback.
import { chromium, type Browser } from 'playwright';
import { findChromium } from '../find-chromium.mjs';

/** Flags under which headless Chromium has WebGPU on a machine without a GPU and never looks beyond loopback. */
export const chromiumFlags = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--allow-loopback-in-peer-connection',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

export async function launchChromium(extraFlags: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error('No Chromium found. Run `npm test` once (it installs one), or set CHROME_PATH.');
  }
  return chromium.launch({ executablePath, args: [...chromiumFlags, ...extraFlags] });
}
