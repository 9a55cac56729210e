import { useId } from 'react';
import type { ChoiceField } from '../../volunteer/run-choice.ts';
import type { StartForm } from '../start-run.ts';

/** A whole number of the form, and what it does. */
export function StartRunNumber(props: {
  readonly field: Exclude<ChoiceField, 'room'>;
  readonly form: StartForm;
  readonly wrong: ChoiceField | undefined;
  readonly set: (change: Partial<StartForm>) => void;
  readonly label: string;
  readonly help?: string;
}) {
  const { field, form, wrong, set, label, help } = props;
  const id = useId();
  return (
    <div className="start-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        inputMode="numeric"
        autoComplete="off"
        spellCheck={false}
        value={form[field]}
        aria-invalid={wrong === field}
        aria-describedby={help === undefined ? undefined : `${id}-help`}
        data-testid={`start-${field}`}
        onChange={({ target }) => {
          set({ [field]: target.value });
        }}
      />
      {help !== undefined && (
        <p className="note" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}
