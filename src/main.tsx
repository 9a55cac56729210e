import { problemOf } from './base/errors.ts';
import { detectEnvironment } from './hosts/environment.ts';
import { readPageOptions } from './hosts/page-options.ts';
import { beginPage } from './ui/mount.tsx';
import { painted } from './ui/painted.ts';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
const page = beginPage(root);

async function open(): Promise<void> {
  // Known without asking for a GPU.
  if (!isSecureContext || !('gpu' in navigator)) page.watch(await detectEnvironment());
  await painted();
  const { BrowserHost } = await import('./hosts/browser.ts');
  const host = await BrowserHost.open(readPageOptions(location.search), new URL(location.href));
  page.show(host);
  addEventListener('pagehide', () => {
    host.close();
  });
  // Back out of the browser's cache: what was closed as the page was hidden is not there any more.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload();
  });
  // Another invitation is another room, though a browser stays on the page.
  addEventListener('hashchange', ({ oldURL, newURL }) => {
    if (/[#&]key=/.test(oldURL + newURL)) location.reload();
  });
  // For tools that drive the page (npm run swarm, the end-to-end tests): what the page shows, as data.
  (globalThis as { starling?: unknown }).starling = { snapshot: () => host.snapshot() };
}

open().catch((thrown: unknown) => {
  page.fail(problemOf(thrown, 'Reload the page; if it stays, use a current browser.'));
  throw thrown;
});
