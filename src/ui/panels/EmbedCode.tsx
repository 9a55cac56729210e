import { useId, useRef, useState } from 'react';
import { embedCode, liveEmbed, type ShareLinks } from '../share-links.ts';
import { text } from '../text.ts';

const words = text.sharing;

/** The HTML with which another page shows the run in a frame. */
export function EmbedCode({ links }: { readonly links: ShareLinks }) {
  const [said, say] = useState('');
  const [isLive, setLive] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const [heading, field] = [useId(), useId()];
  const { embed, room } = links;
  if (embed === undefined)
    return (
      <section aria-labelledby={heading}>
        <h3 id={heading}>{words.frame}</h3>
        <p className="note">{words.invited}</p>
      </section>
    );
  const code = embedCode(isLive ? liveEmbed(embed) : embed, words.frameTitle(room));
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(code);
      say(words.copied);
    } catch {
      // Not offered to pages over plain HTTP.
      area.current?.select();
      say(words.notCopied);
    }
  };
  return (
    <section aria-labelledby={heading}>
      <h3 id={heading}>{words.frame}</h3>
      <p className="note">{words.frameNote}</p>
      <label>
        <input
          type="checkbox"
          checked={isLive}
          onChange={({ target }) => {
            setLive(target.checked);
            say('');
          }}
        />{' '}
        {words.frameLive}
      </label>
      <label className="visually-hidden" htmlFor={field}>
        {words.code}
      </label>
      <textarea
        id={field}
        ref={area}
        className="embed-code"
        readOnly
        rows={4}
        value={code}
        spellCheck={false}
      />
      <div className="actions">
        <button type="button" className="quiet" onClick={() => void copy()}>
          {words.copy}
        </button>
        <span role="status" className="note">
          {said}
        </span>
      </div>
    </section>
  );
}
