import { BrowserHost } from './hosts/browser.ts';
import { readPageOptions } from './hosts/page-options.ts';
import { mountPage } from './ui/mount.tsx';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');

const host = await BrowserHost.open(readPageOptions(location.search), new URL(location.href));
mountPage(root, host);
addEventListener('pagehide', () => {
  host.close();
});

// For tools that drive the page (npm run swarm, the end-to-end tests): what the page shows, as data.
(globalThis as { starling?: unknown }).starling = { snapshot: () => host.snapshot() };
