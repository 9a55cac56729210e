import { useId, useRef, useState } from 'react';
import type { PageSnapshot } from '../host.ts';
import { text } from '../text.ts';

const words = text.invite;

/** The address of this run to hand on, with its key where it is by invitation. */
export function Invite({ invite }: { readonly invite: NonNullable<PageSnapshot['invite']> }) {
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const [said, say] = useState('');
  const copy = async (): Promise<void> => {
    say('');
    try {
      await navigator.clipboard.writeText(invite.href);
      say(words.copied);
    } catch {
      field.current?.select();
      say(words.notCopied);
    }
  };
  return (
    <div className="invite" data-testid="invite">
      <label htmlFor={id}>{words.title}</label>
      <div className="invite-row">
        <input
          id={id}
          ref={field}
          type="text"
          readOnly
          value={invite.href}
          aria-describedby={`${id}-note`}
          className="mono"
          data-testid="invite-address"
          onFocus={({ target }) => {
            target.select();
          }}
        />
        <button type="button" className="quiet" data-testid="invite-copy" onClick={() => void copy()}>
          {words.copy}
        </button>
      </div>
      <p className="note" id={`${id}-note`}>
        {invite.byInvitation ? words.invited : words.public}
      </p>
      <p className="note" role="status">
        {said}
      </p>
    </div>
  );
}
