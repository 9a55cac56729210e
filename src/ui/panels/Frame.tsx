import { documentLimitBytes, type RunView } from '../../volunteer/run-view.ts';
import { formatBytes, formatCount, shortId } from '../format.ts';
import { Logo } from './Murmuration.tsx';

export function Header({ view }: { readonly view: RunView | undefined }) {
  const connected = view?.connected === true;
  return (
    <header className="site-head">
      <div className="brand">
        <Logo />
        <div>
          <p className="wordmark">Starling</p>
          <p className="tagline">Browser tabs that train one language model together</p>
        </div>
      </div>
      {view !== undefined && (
        <p className={`link-state ${connected ? 'is-on' : 'is-off'}`} data-testid="connection">
          {connected ? 'Connected' : 'Looking for the swarm'}
        </p>
      )}
    </header>
  );
}

export function Footer({ view }: { readonly view: RunView | undefined }) {
  const run = view?.run;
  return (
    <footer className="site-foot">
      {run !== undefined && (
        <p>
          Run: preset {run.preset}, {formatCount(run.parameters)} parameters, seed {run.seed}, started by{' '}
          <span className="mono">{shortId(run.startedBy)}</span>.
        </p>
      )}
      {view !== undefined && (
        <p>
          Shared document: {formatBytes(view.documentBytes)} of at most {formatBytes(documentLimitBytes)}.
        </p>
      )}
      <p>
        Your text and files are never read. Peers see your network address, as in any call between browsers.
      </p>
    </footer>
  );
}
