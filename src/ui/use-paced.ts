import { useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { isUrgent } from './news.ts';
import type { PageState, PageStore } from './store.ts';
import type { Turns } from './turns.ts';

/** What the store holds: at once where someone waits for it, else as of the last turn. Tells `turns` of every change. */
export function usePaced(store: PageStore, turns: Turns): PageState {
  const [state, show] = useState(() => store.getState());
  useEffect(() => {
    const look = (): void => show(store.getState());
    const leave = turns.add(() => {
      flushSync(look);
    });
    const unsubscribe = store.subscribe((now, before) => {
      const isNews = isUrgent(before, now);
      if (isNews) look();
      turns.changed(isNews);
    });
    // It may have changed since this was drawn.
    turns.changed();
    return () => {
      leave();
      unsubscribe();
      turns.stop();
    };
  }, [store, turns]);
  return state;
}
