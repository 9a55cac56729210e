import { useCallback, useState, type RefCallback } from 'react';

/** Whether an element is in sight; true until the browser has said otherwise, and where there is none. */
export function useSeen(): [ref: RefCallback<HTMLElement>, isSeen: boolean] {
  const [isSeen, setSeen] = useState(true);
  const ref = useCallback((element: HTMLElement) => {
    const observer = new IntersectionObserver((entries) => {
      setSeen(entries.at(-1)?.isIntersecting ?? true);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      setSeen(true);
    };
  }, []) as RefCallback<HTMLElement>;
  return [ref, isSeen];
}
