import { useId, useRef, useState, type ReactNode, type RefObject } from 'react';
import { problemOf } from '../../base/errors.ts';
import { passwordProblem } from '../key-form.ts';
import { text } from '../text.ts';

const words = text.keys;

/** A form that does one thing with a key. `check` returns what is wrong with what was typed, and where. */
function KeyForm(props: {
  readonly title: string;
  readonly submit: string;
  readonly working: string;
  readonly testId: string;
  readonly check: () => Wrong | undefined;
  readonly work: () => Promise<void>;
  readonly children: (wrong: Wrong | undefined, errorId: string) => ReactNode;
}) {
  const { title, submit, working, testId, check, work, children } = props;
  const [isBusy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<Wrong>();
  const id = useId();
  const send = async (): Promise<void> => {
    if (isBusy) return;
    const found = check();
    setWrong(found);
    found?.field.current?.focus();
    if (found !== undefined) return;
    setBusy(true);
    try {
      await work();
    } catch (thrown) {
      const { message, fix } = problemOf(thrown, '');
      setWrong({ message: `${message} ${fix}`, field: nowhere });
    }
    setBusy(false);
  };
  return (
    <form
      className="key-form"
      aria-labelledby={`${id}-title`}
      data-testid={testId}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <h2 id={`${id}-title`}>{title}</h2>
      {children(wrong, `${id}-wrong`)}
      {wrong !== undefined && (
        <p id={`${id}-wrong`} className="name-wrong" role="alert">
          {wrong.message}
        </p>
      )}
      <p>
        <button type="submit" className="quiet primary" aria-disabled={isBusy}>
          {isBusy ? working : submit}
        </button>
      </p>
    </form>
  );
}

interface Wrong {
  readonly message: string;
  readonly field: RefObject<HTMLInputElement | null>;
}

/** What went wrong is about no field. */
const nowhere: Wrong['field'] = { current: null };

function Field(props: {
  readonly label: string;
  readonly help?: string;
  readonly field: RefObject<HTMLInputElement | null>;
  readonly wrong: Wrong | undefined;
  readonly errorId: string;
  readonly input:
    | { readonly type: 'file'; readonly accept: string }
    | { readonly type: 'password'; readonly autoComplete: 'new-password' | 'current-password' };
}) {
  const { label, help, field, wrong, errorId, input } = props;
  const id = useId();
  const isWrong = wrong?.field === field;
  const described = [help === undefined ? [] : [`${id}-help`], isWrong ? [errorId] : []].flat().join(' ');
  return (
    <div className="start-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        ref={field}
        aria-invalid={isWrong}
        aria-describedby={described === '' ? undefined : described}
        {...input}
      />
      {help !== undefined && (
        <p className="note" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

const typedIn = (field: RefObject<HTMLInputElement | null>): string => field.current?.value ?? '';

export function MakeMovable(props: {
  readonly hasKey: boolean;
  readonly make: (password: string) => Promise<void>;
}) {
  const [password, again] = [useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null)];
  return (
    <KeyForm
      {...{ title: words.make.title, submit: words.make.submit, working: words.make.working }}
      testId="key-make"
      check={() => {
        const problem = passwordProblem(typedIn(password), typedIn(again));
        return problem && { message: words.wrong[problem], field: problem === 'short' ? password : again };
      }}
      work={() => props.make(typedIn(password))}
    >
      {(wrong, errorId) => (
        <>
          {props.hasKey && <p className="callout">{words.make.stays}</p>}
          <p className="note">{words.make.note}</p>
          <Field
            {...{ label: words.password, help: words.passwordHelp, field: password, wrong, errorId }}
            input={{ type: 'password', autoComplete: 'new-password' }}
          />
          <Field
            {...{ label: words.repeat, field: again, wrong, errorId }}
            input={{ type: 'password', autoComplete: 'new-password' }}
          />
        </>
      )}
    </KeyForm>
  );
}

export function TakeAway(props: { readonly takeAway: (password: string) => Promise<void> }) {
  const [password, sure] = [useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null)];
  return (
    <KeyForm
      {...{ title: words.take.title, submit: words.take.submit, working: words.take.working }}
      testId="key-take"
      check={() => {
        if (typedIn(password) === '') return { message: words.wrong.none, field: password };
        return sure.current?.checked === true ? undefined : { message: words.wrong.tick, field: sure };
      }}
      work={() => props.takeAway(typedIn(password))}
    >
      {(wrong, errorId) => (
        <>
          <p className="note">{words.take.note}</p>
          <Field
            {...{ label: words.password, help: words.take.help, field: password, wrong, errorId }}
            input={{ type: 'password', autoComplete: 'current-password' }}
          />
          <label className="start-choice">
            <input
              ref={sure}
              type="checkbox"
              aria-invalid={wrong?.field === sure}
              aria-describedby={wrong?.field === sure ? errorId : undefined}
            />
            <span>{words.take.sure}</span>
          </label>
        </>
      )}
    </KeyForm>
  );
}

export function BringIn(props: {
  readonly hasKey: boolean;
  readonly bringIn: (file: File, password: string) => Promise<void>;
}) {
  const [file, password] = [useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null)];
  const chosen = (): File | undefined => file.current?.files?.[0];
  return (
    <KeyForm
      {...{ title: words.bring.title, submit: words.bring.submit, working: words.bring.working }}
      testId="key-bring"
      check={() => {
        if (chosen() === undefined) return { message: words.wrong.noFile, field: file };
        return typedIn(password) === '' ? { message: words.wrong.none, field: password } : undefined;
      }}
      work={async () => {
        const key = chosen();
        if (key !== undefined) await props.bringIn(key, typedIn(password));
      }}
    >
      {(wrong, errorId) => (
        <>
          <p className="note">{props.hasKey ? words.bring.displaces : words.bring.note}</p>
          <Field
            {...{ label: words.bring.file, field: file, wrong, errorId }}
            input={{ type: 'file', accept: '.json,application/json' }}
          />
          <Field
            {...{ label: words.password, help: words.bring.help, field: password, wrong, errorId }}
            input={{ type: 'password', autoComplete: 'current-password' }}
          />
        </>
      )}
    </KeyForm>
  );
}
