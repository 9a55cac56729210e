import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { keepFocus } from './keep-focus.ts';
import { Embed, type Watched } from './panels/Embed.tsx';
import type { ShareLinks } from './share-links.ts';
import './tokens.css';
import './embed.css';

/** Shows the page for frames in `root`. */
export function mountEmbed(
  root: HTMLElement,
  props: { readonly links: ShareLinks; readonly isAsked: boolean; readonly open: () => Promise<Watched> },
): void {
  keepFocus(root);
  createRoot(root).render(
    <StrictMode>
      <Embed {...props} />
    </StrictMode>,
  );
}
