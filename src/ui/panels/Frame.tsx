import { documentLimitBytes, type RunView } from '../../volunteer/run-view.ts';
import { connectionSentence, rejectionCount } from '../derive.ts';
import { formatBytes, formatCount, shortId } from '../format.ts';
import { Logo } from './Murmuration.tsx';
import { text } from '../text.ts';

const words = text.frame;

export function Header({ view }: { readonly view: RunView | undefined }) {
  return (
    <header className="site-head">
      <div className="brand">
        <Logo />
        <div>
          <p className="wordmark">{words.name}</p>
          <p className="tagline">{words.tagline}</p>
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
          {words.run(run.preset, formatCount(run.parameters), run.seed)}{' '}
          <span className="mono">{shortId(run.startedBy)}</span>.
        </p>
      )}
      {view !== undefined && (
        <p>
          {words.document(
            formatBytes(view.documentBytes),
            formatBytes(documentLimitBytes),
            rejectionCount(view.rejections),
          )}
        </p>
      )}
      <p>{words.privacy}</p>
    </footer>
  );
}
