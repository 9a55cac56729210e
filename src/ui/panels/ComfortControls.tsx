import { useId, useState } from 'react';
import { limitText, readLimit, usualLimit } from '../data-limit.ts';
import { text } from '../text.ts';
import { useWish } from '../use-wish.ts';

/** One of a few. */
export function Choice<T extends string>(props: {
  readonly legend: string;
  readonly values: readonly T[];
  readonly names: Readonly<Record<T, string>>;
  readonly chosen: T;
  readonly choose: (value: T) => void;
  readonly note: string;
}) {
  const group = useId();
  const [chosen, wish] = useWish(props.chosen, props.choose);
  return (
    <fieldset>
      <legend>{props.legend}</legend>
      {props.values.map((value) => (
        <label key={value}>
          <input
            type="radio"
            name={group}
            value={value}
            checked={value === chosen}
            onChange={() => {
              wish(value);
            }}
          />
          <span>{props.names[value]}</span>
        </label>
      ))}
      <p className="note">{props.note}</p>
    </fieldset>
  );
}

/** Yes or no, and what is to be said of it. */
export function Toggle(props: {
  readonly name: string;
  readonly on: boolean;
  readonly note: string;
  readonly disabled?: boolean;
  readonly turn: (on: boolean) => void;
}) {
  const note = useId();
  const [on, wish] = useWish(props.on, props.turn);
  return (
    <div>
      <label>
        <input
          type="checkbox"
          checked={on}
          disabled={props.disabled}
          aria-describedby={note}
          onChange={({ target }) => {
            wish(target.checked);
          }}
        />
        <span>{props.name}</span>
      </label>
      <p className="note" id={note}>
        {props.note}
      </p>
    </div>
  );
}

/**
 * Bytes a day in whole megabytes; switched off, there is no limit. What is typed counts when it is finished, by Enter or by
 * leaving the field: on the way to 500 it is 5, and the tab would leave its run for that.
 */
export function DataLimit(props: {
  readonly bytes: number | undefined;
  readonly set: (bytes: number | undefined) => void;
}) {
  const [bytes, wish] = useWish(props.bytes, props.set);
  const kept = bytes ?? usualLimit;
  const [draft, setDraft] = useState<string>();
  const finish = (): void => {
    const limit = draft === undefined ? undefined : readLimit(draft);
    setDraft(undefined);
    if (limit !== undefined && limit !== bytes) wish(limit);
  };
  return (
    <div className="data-limit">
      <label>
        <input
          type="checkbox"
          checked={bytes !== undefined}
          data-testid="data-limit"
          onChange={({ target }) => {
            wish(target.checked ? kept : undefined);
          }}
        />
        <span>{text.comfort.limit}</span>
      </label>
      <input
        type="number"
        inputMode="numeric"
        min={1}
        max={1_000_000}
        step={1}
        value={draft ?? limitText(kept)}
        disabled={bytes === undefined}
        aria-label={`${text.comfort.limit}, ${text.comfort.limitUnit}`}
        data-testid="data-limit-mb"
        onChange={({ target }) => {
          setDraft(target.value);
        }}
        onBlur={finish}
        onKeyDown={({ key }) => {
          if (key === 'Enter') finish();
        }}
      />
      <span aria-hidden="true">{text.comfort.limitUnit}</span>
    </div>
  );
}
