import { useId } from 'react';
import { searchOfChoice, type ChoiceField, type RunChoice } from '../../volunteer/run-choice.ts';
import type { StartForm } from '../start-run.ts';
import { text } from '../text.ts';

const words = text.start;

/** The run's name, and the address that it becomes. */
export function StartRunAddress(props: {
  readonly form: StartForm;
  readonly wrong: ChoiceField | undefined;
  readonly set: (change: Partial<StartForm>) => void;
  /** Undefined while a field makes no sense. */
  readonly choice: RunChoice | undefined;
}) {
  const { form, wrong, set, choice } = props;
  const id = useId();
  const address =
    choice === undefined
      ? words.noAddress
      : `${location.origin}${location.pathname}${searchOfChoice(choice)}${choice.open ? '' : '#key=…'}`;
  return (
    <div className="start-field">
      <label htmlFor={id}>{words.name}</label>
      <input
        id={id}
        type="text"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={80}
        value={form.name}
        aria-invalid={wrong === 'room'}
        aria-describedby={`${id}-help`}
        data-testid="start-name"
        onChange={({ target }) => {
          set({ name: target.value });
        }}
      />
      <p className="note" id={`${id}-help`}>
        {words.nameHelp}{' '}
        <span className="mono start-address" data-testid="start-address">
          {address}
        </span>
      </p>
    </div>
  );
}
