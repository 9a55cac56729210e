import { describeError } from './base/errors.ts';
import { BrowserHost } from './hosts/browser.ts';
import { readPageOptions } from './hosts/page-options.ts';
import { mountPage } from './ui/mount.tsx';

async function open(root: HTMLElement): Promise<void> {
  const host = await BrowserHost.open(readPageOptions(location.search), new URL(location.href));
  mountPage(root, host);
  addEventListener('pagehide', () => {
    host.close();
  });
  // Back out of the browser's cache: what was closed as the page was hidden is not there any more.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload();
  });
  // For tools that drive the page (npm run swarm, the end-to-end tests): what the page shows, as data.
  (globalThis as { starling?: unknown }).starling = { snapshot: () => host.snapshot() };
}

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
open(root).catch((thrown: unknown) => {
  root.textContent = `Starling could not start: ${describeError(thrown)}. Reload the page; if it stays, use a current browser.`;
  throw thrown;
});
