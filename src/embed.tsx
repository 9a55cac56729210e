import type { WatchHost } from './hosts/watch-host.ts';
import { mountEmbed } from './ui/mount-embed.tsx';
import { linksOf } from './ui/share-links.ts';

const links = linksOf(location.href);
let opened: Promise<WatchHost> | undefined;

/** Once a page, however often it is asked for: a room is opened once. The network's part is loaded for it. */
const open = (): Promise<WatchHost> =>
  (opened ??= import('./hosts/watch-host.ts').then(async (hosts) => {
    const host = await hosts.WatchHost.open(links.room, new URL(location.href));
    addEventListener('pagehide', () => {
      host.close();
    });
    return host;
  }));
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});

const root = document.getElementById('root');
if (root === null) throw new Error('embed.html has no #root');
// Whoever opens the page itself, or a site that says so in the address, has asked for it.
const isAsked = self === top || new URLSearchParams(location.search).get('live') === '1';
mountEmbed(root, { links, isAsked, open });
