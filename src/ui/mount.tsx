import { StrictMode, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { App, loadPanels } from './App.tsx';
import { earlyHost } from './early-host.ts';
import type { Environment, PageHost } from './host.ts';
import { keepFocus } from './keep-focus.ts';
import { Coming } from './panels/Coming.tsx';
import { LoadGuard } from './panels/LoadGuard.tsx';
import { painted } from './painted.ts';
import { createPageStore, type PageProblem } from './store.ts';
import { text } from './text.ts';
import './tokens.css';
import './style.css';
import './panels.css';
import './ledger.css';
import './swarm.css';
import './strip.css';
import './felt.css';
import './start-run.css';
import './own-text.css';
import './contribution.css';
// Sheets of what is drawn on demand come with the page, so that nothing moves when it is there.
import 'uplot/dist/uPlot.min.css';
import './curves.css';
import './replay.css';

/** A page that is there before its host is. */
export interface Beginning {
  /** Keeps the page at the host's newest snapshot. Returns the way to take it down. */
  show(host: PageHost): () => void;
  /** Says at once why this browser can only watch. */
  watch(environment: Environment): void;
  /** Says why there will be no host, and what to do. */
  fail(problem: PageProblem): void;
}

/** Shows in `root` that the page is coming, before there is a host. */
export function beginPage(root: HTMLElement): Beginning {
  const react = createRoot(root);
  const letGo = keepFocus(root);
  const render = (page: ReactNode): void => {
    // The last guard: what gets here would leave nothing at all.
    react.render(
      <StrictMode>
        <LoadGuard message={text.page.broken} again={() => undefined}>
          {page}
        </LoadGuard>
      </StrictMode>,
    );
  };
  flushSync(() => render(<Coming />));
  // What is seen first has the network to itself. What fails here is said where they are shown.
  void painted()
    .then(loadPanels)
    .catch(() => undefined);
  return {
    show(host) {
      const { store, close } = createPageStore(host);
      render(<App store={store} />);
      return () => {
        close();
        letGo();
        react.unmount();
      };
    },
    watch(environment) {
      const { store } = createPageStore(earlyHost(environment));
      flushSync(() => render(<App store={store} />));
    },
    fail(problem) {
      render(<Coming problem={problem} />);
    },
  };
}
