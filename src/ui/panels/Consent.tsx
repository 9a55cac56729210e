import { useState } from 'react';
import { problemOf } from '../../base/errors.ts';
import type { RunStarter } from '../host.ts';
import { text } from '../text.ts';

const words = text.consent;

/** What joining does and what is kept, before anyone joins; folded up for whoever has. */
export function Consent(props: { readonly starter: RunStarter; readonly isOpen: boolean }) {
  const { starter, isOpen } = props;
  const [state, setState] = useState<'here' | 'sure' | 'going' | 'over'>('here');
  const [said, say] = useState('');
  const forget = async (): Promise<void> => {
    setState('going');
    try {
      await starter.forget();
      say(words.forgotten);
      setState('here');
    } catch (thrown) {
      say(words.partly(problemOf(thrown, '').message));
      // This page has let go of its room and its key already.
      setState('over');
    }
  };
  const stored = (
    <>
      <ul>
        {words.kinds.map((kind) => (
          <li key={kind}>{kind}</li>
        ))}
      </ul>
      <p>{words.notStored}</p>
      {state === 'over' ? (
        <button
          type="button"
          className="primary"
          autoFocus
          data-testid="reload"
          onClick={() => {
            location.reload();
          }}
        >
          {words.reload}
        </button>
      ) : state === 'here' ? (
        <button
          type="button"
          className="quiet"
          data-testid="forget"
          onClick={() => {
            setState('sure');
          }}
        >
          {words.forget}
        </button>
      ) : (
        <div className="consent-sure" role="group" aria-label={words.forget}>
          <p>{words.sure}</p>
          <button
            type="button"
            className="quiet"
            aria-disabled={state === 'going'}
            data-testid="forget-now"
            onClick={() => {
              if (state === 'sure') void forget();
            }}
          >
            {state === 'going' ? words.forgetting : words.forgetNow}
          </button>
          <button
            type="button"
            className="quiet"
            autoFocus
            onClick={() => {
              if (state === 'sure') setState('here');
            }}
          >
            {words.keep}
          </button>
        </div>
      )}
      <p role="status" data-testid="forgotten">
        {said}
      </p>
    </>
  );
  return (
    <div className="consent" data-testid="consent">
      {isOpen && <p className="note">{words.paragraph}</p>}
      <details>
        <summary>{isOpen ? words.stored : words.title}</summary>
        {!isOpen && <p>{words.paragraph}</p>}
        {stored}
      </details>
    </div>
  );
}
