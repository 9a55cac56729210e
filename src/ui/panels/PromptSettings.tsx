import { useId, useState } from 'react';
import type { PromptField } from '../../volunteer/prompt-request.ts';
import type { PromptForm } from '../prompt-form.ts';
import { text } from '../text.ts';

const words = text.prompt;
const fields = ['temperature', 'topP', 'topK', 'length', 'stop', 'seed'] as const;

/** How the text is drawn: one field each, with what it does under it. */
export function PromptSettings(props: {
  readonly form: PromptForm;
  readonly wrong: PromptField | undefined;
  readonly set: (form: PromptForm) => void;
}) {
  const { form, wrong, set } = props;
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const isWrong = fields.some((field) => field === wrong);
  return (
    <details
      open={isOpen || isWrong}
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
      }}
    >
      <summary>{words.settings}</summary>
      <div className="prompt-settings">
        {fields.map((field) => (
          <div key={field}>
            <label htmlFor={id + field}>{words.fields[field]}</label>
            <input
              id={id + field}
              type="text"
              inputMode={field === 'stop' ? 'text' : 'decimal'}
              autoComplete="off"
              spellCheck={false}
              value={form[field]}
              placeholder={field === 'seed' ? words.anySeed : undefined}
              aria-invalid={wrong === field}
              aria-describedby={`${id}${field}-help`}
              data-testid={`prompt-${field}`}
              onChange={({ target }) => {
                set({ ...form, [field]: target.value });
              }}
            />
            <p className="note" id={`${id}${field}-help`}>
              {words.help[field]}
            </p>
          </div>
        ))}
      </div>
    </details>
  );
}
