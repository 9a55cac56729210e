import { createStore, type StoreApi } from 'zustand/vanilla';
import { problemOf } from '../base/errors.ts';
import type { PageHost, PageSnapshot, PresetName } from './host.ts';

export interface PageProblem {
  readonly message: string;
  /** What to do about it; empty when the error does not say. */
  readonly fix: string;
}

/** All the page's state. The core knows no React. */
export interface PageState {
  /** Undefined until the host has looked at the browser. */
  readonly snapshot: PageSnapshot | undefined;
  /** What a pressed button has started and not finished. */
  readonly pending: 'join' | 'leave' | undefined;
  /** Why the last button press failed. */
  readonly problem: PageProblem | undefined;
  /** What a run started here is to be. */
  readonly preset: PresetName | 'auto';
  choosePreset(preset: PresetName | 'auto'): void;
  join(): Promise<void>;
  pause(): void;
  resume(): void;
  leave(): Promise<void>;
  dismissProblem(): void;
}

export type PageStore = StoreApi<PageState>;

/** Connects a store to its host. `close` stops listening. */
export function createPageStore(host: PageHost): { readonly store: PageStore; close(): void } {
  const store = createStore<PageState>()((set, get) => {
    const busy = async (pending: 'join' | 'leave', work: () => Promise<void>): Promise<void> => {
      if (get().pending !== undefined) return;
      set({ pending, problem: undefined });
      try {
        await work();
      } catch (thrown) {
        set({ problem: problemOf(thrown, '') });
      } finally {
        set({ pending: undefined });
      }
    };
    return {
      snapshot: undefined,
      pending: undefined,
      problem: undefined,
      preset: 'auto',
      choosePreset: (preset) => {
        set({ preset });
      },
      join: () => busy('join', () => host.join({ preset: get().preset })),
      pause: () => {
        host.pause();
      },
      resume: () => {
        host.resume();
      },
      leave: () => busy('leave', () => host.leave()),
      dismissProblem: () => {
        set({ problem: undefined });
      },
    };
  });
  const close = host.subscribe((snapshot) => {
    store.setState({ snapshot });
  });
  return { store, close };
}
