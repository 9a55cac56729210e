import { documentLimitBytes, type RunView } from '../../volunteer/run-view.ts';
import { connectionSentence, rejectionCount } from '../derive.ts';
import { formatBytes, formatCount, plural, shortId } from '../format.ts';
import { Logo } from './Murmuration.tsx';

export function Header({ view }: { readonly view: RunView | undefined }) {
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
        <p className={`link-state ${view.connected ? 'is-on' : 'is-off'}`} data-testid="connection">
          {connectionSentence(view)}
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
          Shared document: {formatBytes(view.documentBytes)} of at most {formatBytes(documentLimitBytes)}
          {refusedSentence(view)}.
        </p>
      )}
      <p>
        No file of yours is read unless you choose it here. Peers see your network address, as in any call
        between browsers.
      </p>
    </footer>
  );
}

function refusedSentence(view: RunView): string {
  const refused = rejectionCount(view.rejections);
  return refused === 0 ? ', nothing in it refused' : `, ${plural(refused, 'entry', 'entries')} in it refused`;
}
