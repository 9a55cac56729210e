import { useState } from 'react';

/**
 * What was just chosen, until the host has taken it up: a control that waited for that would jump back under one's finger.
 * After it, what the host says rules.
 */
export function useWish<T>(kept: T, tell: (wished: T) => void): [shown: T, wish: (value: T) => void] {
  const [draft, setDraft] = useState<{ readonly value: T; readonly over: T }>();
  const shown = draft !== undefined && Object.is(draft.over, kept) ? draft.value : kept;
  const wish = (value: T): void => {
    setDraft({ value, over: kept });
    tell(value);
  };
  return [shown, wish];
}
