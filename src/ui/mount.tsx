import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import type { PageHost } from './host.ts';
import { createPageStore } from './store.ts';
import './tokens.css';
import './style.css';
import './panels.css';
import './ledger.css';

/** Shows the page in `root` and keeps it at the host's newest snapshot. Returns the way to take it down. */
export function mountPage(root: HTMLElement, host: PageHost): () => void {
  const { store, close } = createPageStore(host);
  const react = createRoot(root);
  react.render(
    <StrictMode>
      <App store={store} />
    </StrictMode>,
  );
  return () => {
    close();
    react.unmount();
  };
}
