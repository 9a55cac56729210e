import type { RunView } from '../volunteer/run-view.ts';
import { fakeHost } from './gallery-host.test-data.ts';
import { inRoom } from './gallery-parts.test-data.ts';
import { earlier, gallery } from './gallery-states.test-data.ts';
import type { PageSnapshot } from './host.ts';
import { mountEmbed } from './mount-embed.tsx';
import { beginPage } from './mount.tsx';
import { linksOf } from './share-links.ts';

export { gallery } from './gallery-states.test-data.ts';

/** A state's name. */
export type GalleryState = keyof typeof gallery;

let takeDown = (): void => undefined;

/** An empty place where the page was. */
function freshRoot(): HTMLElement {
  takeDown();
  takeDown = () => undefined;
  const root = document.createElement('div');
  root.id = 'root';
  document.getElementById('root')?.replaceWith(root);
  return root;
}

/** Puts a page that has no host yet in place of the one that is there; with a problem, it will get none. */
export function openComing(problem?: { readonly message: string; readonly fix: string }): void {
  const page = beginPage(freshRoot());
  if (problem !== undefined) page.fail(problem);
}

/**
 * Puts a page in place of the one that is there. Returns the way to show another state; the same state is shown again as a new
 * snapshot, as a run does several times a second.
 */
export function openGallery(first: GalleryState): (state: GalleryState) => void {
  const root = freshRoot();
  let show: (snapshot: PageSnapshot) => void = () => undefined;
  const host = fakeHost(gallery[first], (listener) => {
    show = listener;
    for (const snapshot of earlier[first] ?? []) listener(snapshot);
    listener(gallery[first]);
    return () => undefined;
  });
  takeDown = beginPage(root).show(host);
  return (state) => {
    show({ ...gallery[state] });
  };
}

const embeds = {
  ask: undefined,
  opening: () => new Promise<never>(() => undefined),
  failed: () => Promise.reject(new Error('The gallery has no network.')),
  looking: () => watched({ ...emptyView, connected: false }),
  noRounds: () => watched(emptyView),
  live: () => watched(inRoom().view),
} as const;

const emptyView: RunView = { ...gallery.empty.view };

const watched = (view: RunView) =>
  Promise.resolve({
    subscribe: (listener: (view: RunView) => void) => {
      listener(view);
      return () => undefined;
    },
  });

export type EmbedState = keyof typeof embeds;
export const embedStates = Object.keys(embeds) as readonly EmbedState[];

/** Puts the page for frames in a state in place of the one that is there. */
export function openEmbed(state: EmbedState): void {
  const open = embeds[state];
  const links = linksOf('https://starling.example/embed?run=moby');
  mountEmbed(freshRoot(), { links, isAsked: open !== undefined, open: open ?? embeds.opening });
}
