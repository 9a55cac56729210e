import { useEffect, useId, useRef, useState } from 'react';
import type { Recorder } from '../../replay/recorder.ts';
import { pngOf } from '../charts/png.ts';
import { drawOn } from '../charts/share-picture.ts';
import { saveFile } from '../charts/save-file.ts';
import type { PageSnapshot } from '../host.ts';
import { cardFacts, cardHeight, cardWidth, type CardFacts } from '../share-card.ts';
import { linksOf, type ShareLinks } from '../share-links.ts';
import { text } from '../text.ts';
import { EmbedCode } from './EmbedCode.tsx';
import { Panel } from './Panel.tsx';
import { ReplaySave } from './ReplaySave.tsx';

const words = text.sharing;

/** What one can hand on of the run: a picture, a frame for another page, a recording. */
export function Sharing(props: { readonly snapshot: PageSnapshot; readonly recorder: Recorder }) {
  const { snapshot, recorder } = props;
  const links = linksOf(location.href);
  return (
    <Panel title={words.title} area="sharing">
      <div className="sharing">
        <ShareCard snapshot={snapshot} links={links} />
        <EmbedCode links={links} />
        <ReplaySave recorder={recorder} rounds={recorder.length} room={links.room} />
      </div>
    </Panel>
  );
}

/** The card of the run as a picture, made when it is asked for. */
function ShareCard(props: { readonly snapshot: PageSnapshot; readonly links: ShareLinks }) {
  const { snapshot, links } = props;
  const [facts, setFacts] = useState<CardFacts>();
  const [problem, setProblem] = useState('');
  const canvas = useRef<HTMLCanvasElement>(null);
  const heading = useId();
  useEffect(() => {
    if (canvas.current !== null && facts !== undefined) drawOn(canvas.current, facts);
  }, [facts]);
  const hand = async (give: (file: File) => unknown): Promise<void> => {
    if (canvas.current === null) return;
    setProblem('');
    const picture = await pngOf(canvas.current).catch(() => undefined);
    if (picture === undefined) {
      setProblem(words.failed);
      return;
    }
    try {
      await give(new File([picture], words.fileName(links.room), { type: picture.type }));
    } catch (thrown) {
      // Who closes the browser's list of apps has changed their mind.
      const isMindChanged = thrown instanceof DOMException && thrown.name === 'AbortError';
      if (!isMindChanged) setProblem(words.notSent);
    }
  };
  return (
    <section aria-labelledby={heading}>
      <h3 id={heading}>{words.picture}</h3>
      <p className="note">{words.pictureNote}</p>
      {facts !== undefined && (
        <>
          <canvas
            ref={canvas}
            className="share-card"
            width={cardWidth}
            height={cardHeight}
            role="img"
            aria-label={facts.alt}
            data-testid="share-card"
          />
          <details>
            <summary>{words.inWords}</summary>
            <p className="note">{facts.alt}</p>
          </details>
        </>
      )}
      <div className="actions">
        <button
          type="button"
          className="quiet"
          data-testid="make-card"
          onClick={() => setFacts(cardFacts(snapshot, links))}
        >
          {facts === undefined ? words.make : words.again}
        </button>
        {facts !== undefined && (
          <>
            <button
              type="button"
              className="quiet"
              data-testid="save-card"
              onClick={() => void hand((file) => saveFile(file.name, file))}
            >
              {words.download}
            </button>
            {canShareFiles() && (
              <button
                type="button"
                className="quiet"
                onClick={() => void hand((file) => navigator.share({ files: [file], text: facts.alt }))}
              >
                {words.send}
              </button>
            )}
          </>
        )}
      </div>
      <p role="status" className="note">
        {problem}
      </p>
    </section>
  );
}

/** Whether this browser hands files to other apps. */
function canShareFiles(): boolean {
  if (!('share' in navigator) || !('canShare' in navigator)) return false;
  return navigator.canShare({ files: [new File([], 'card.png', { type: 'image/png' })] });
}
