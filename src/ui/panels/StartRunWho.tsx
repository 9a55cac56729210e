import { useId } from 'react';
import type { PageSnapshot } from '../host.ts';
import type { StartForm } from '../start-run.ts';
import { text } from '../text.ts';

const words = text.start;

/** Whether strangers may join. */
export function StartRunWho(props: {
  readonly form: StartForm;
  readonly snapshot: PageSnapshot;
  readonly set: (change: Partial<StartForm>) => void;
}) {
  const { form, snapshot, set } = props;
  const name = useId();
  const isSecure = snapshot.environment.secureUrl === undefined;
  return (
    <fieldset>
      <legend>{words.who}</legend>
      <div className="start-choices">
        {([true, false] as const).map((open) => (
          <label key={String(open)} className="start-choice">
            <input
              type="radio"
              name={name}
              checked={form.open === open}
              disabled={!open && !isSecure}
              data-testid={open ? 'start-public' : 'start-invited'}
              onChange={() => {
                set({ open });
              }}
            />
            <span>
              {open ? words.public : words.invited}
              <span className="note">
                {open ? words.publicNote : isSecure ? words.invitedNote : words.invitedInsecure}
              </span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
