import { useEffect, useId, useRef, useState } from 'react';
import { friendlyName, tidyName } from '../../base/friendly-name.ts';
import { text } from '../text.ts';
import { Who } from './ContributionWho.tsx';

const words = text.contribution.name;

/** What this tab is called, and the way to call it something else. */
export function NameForm(props: {
  readonly id: string;
  /** The chosen one, where there is one. */
  readonly name: string | undefined;
  readonly setName: (name: string | undefined) => void;
}) {
  const { id, name, setName } = props;
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  useEffect(() => {
    if (wasOpen.current && !isOpen) button.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);
  const own = friendlyName(id);
  const done = (chosen: string | undefined): void => {
    setName(chosen === own ? undefined : chosen);
    setOpen(false);
  };
  if (isOpen) {
    return (
      <Form
        shown={name ?? own}
        own={name === undefined ? undefined : own}
        done={done}
        cancel={() => setOpen(false)}
      />
    );
  }
  return (
    <p className="own-name" data-testid="own-name">
      <Who id={id} name={name ?? own} />
      <button ref={button} type="button" className="quiet" onClick={() => setOpen(true)}>
        {words.rename}
      </button>
    </p>
  );
}

function Form(props: {
  readonly shown: string;
  /** The name that the id gives, where another was chosen. */
  readonly own: string | undefined;
  readonly done: (name: string | undefined) => void;
  readonly cancel: () => void;
}) {
  const { shown, own, done, cancel } = props;
  const [typed, setTyped] = useState(shown);
  const [isWrong, setWrong] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const [input, help] = [useId(), useId()];
  useEffect(() => {
    field.current?.select();
  }, []);
  const save = (): void => {
    const name = tidyName(typed);
    setWrong(name === undefined);
    if (name !== undefined) done(name);
    else field.current?.focus();
  };
  return (
    <form
      className="name-form"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') cancel();
      }}
    >
      <label htmlFor={input}>{words.label}</label>
      <input
        ref={field}
        id={input}
        type="text"
        value={typed}
        autoComplete="nickname"
        spellCheck={false}
        aria-invalid={isWrong}
        aria-describedby={help}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setWrong(false);
        }}
      />
      <p id={help} className={isWrong ? 'name-wrong' : 'note'} role={isWrong ? 'alert' : undefined}>
        {isWrong ? words.wrong : words.help}
      </p>
      <div className="name-buttons">
        <button type="submit" className="quiet primary">
          {words.save}
        </button>
        <button type="button" className="quiet" onClick={cancel}>
          {words.cancel}
        </button>
        {own !== undefined && (
          <button type="button" className="quiet" onClick={() => done(undefined)}>
            {words.own(own)}
          </button>
        )}
      </div>
    </form>
  );
}
