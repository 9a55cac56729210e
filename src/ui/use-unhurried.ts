import { useEffect, useRef, useState } from 'react';

/** `text`, at most one change every `everyMs`; the first after mounting is a change, for live regions start empty. */
export function useUnhurried(text: string, everyMs: number): string {
  const [shownText, show] = useState('');
  const shownAt = useRef(-Infinity);
  useEffect(() => {
    if (text === shownText) return;
    const timer = setTimeout(
      () => {
        shownAt.current = performance.now();
        show(text);
      },
      Math.max(0, shownAt.current + everyMs - performance.now()),
    );
    return () => {
      clearTimeout(timer);
    };
  }, [text, shownText, everyMs]);
  return shownText;
}
