import type { SampleHistory } from '../samples.ts';
import { text } from '../text.ts';
import { useUnhurried } from '../use-unhurried.ts';
import { Panel } from './Panel.tsx';

const words = text.samples;
/** Samples may come every few seconds. */
const speakEveryMs = 60_000;

/**
 * What the model wrote as it learned, newest first: the same prompt every time, so that one sees it become language. `isQuiet`: a
 * new text is not announced.
 */
export function Samples(props: {
  readonly history: Pick<SampleHistory, 'lines'>;
  readonly isQuiet?: boolean;
}) {
  const { history, isQuiet = false } = props;
  const lines = [...history.lines].reverse();
  const newest = lines[0];
  // That there is a new text is said, not the text: it is read by who wants to.
  const spoken = useUnhurried(
    newest === undefined || isQuiet ? '' : words.spoken(newest.round),
    speakEveryMs,
  );
  return (
    <Panel
      title={words.title}
      area="sample"
      aside={newest === undefined ? undefined : words.count(lines.length)}
    >
      <p className="visually-hidden" role="status" aria-live="polite">
        {spoken}
      </p>
      {newest === undefined ? (
        <p className="empty">{words.none}</p>
      ) : (
        <div className="scroll samples-scroll" tabIndex={0} role="region" aria-label={words.name}>
          <ol className="samples" reversed>
            {lines.map((line) => (
              <li key={line.round} className={line === newest ? 'is-newest' : undefined}>
                <p className="note">
                  {words.round(line.round)} {line === newest && <span className="tag">{words.newest}</span>}
                </p>
                <blockquote
                  className="sample"
                  data-testid={line === newest ? 'sample' : undefined}
                  data-round={line.round}
                >
                  {line.text}
                </blockquote>
              </li>
            ))}
          </ol>
        </div>
      )}
    </Panel>
  );
}
