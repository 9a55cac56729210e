import { describe, expect, it } from 'vitest';
import { StarlingError } from '../base/errors.ts';
import { fakeSnapshot } from './fake-snapshot.test-data.ts';
import type { PageHost, PageSnapshot, PresetName } from './host.ts';
import { createPageStore } from './store.ts';

function fakeHost() {
  const calls: string[] = [];
  const listeners = new Set<(snapshot: PageSnapshot) => void>();
  let settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  const later = (): Promise<void> =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
  const host: PageHost = {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    join({ preset }: { preset: PresetName | 'auto' }) {
      calls.push(`join ${preset}`);
      return later();
    },
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    leave() {
      calls.push('leave');
      return later();
    },
  };
  const emit = (snapshot: PageSnapshot): void => {
    for (const listener of listeners) listener(snapshot);
  };
  return { host, calls, emit, listeners, settle: () => settle };
}

describe('the page store', () => {
  it('holds the newest snapshot until it is closed', () => {
    const { host, emit, listeners } = fakeHost();
    const { store, close } = createPageStore(host);
    expect(store.getState().snapshot).toBeUndefined();
    const [first, second] = [fakeSnapshot(), fakeSnapshot()];
    emit(first);
    emit(second);
    expect(store.getState().snapshot).toBe(second);
    close();
    expect(listeners.size).toBe(0);
  });

  it('joins with the chosen preset, once, however often the button is pressed', async () => {
    const { host, calls, settle } = fakeHost();
    const { store } = createPageStore(host);
    store.getState().choosePreset('micro');
    const pressed = store.getState().join();
    await store.getState().join();
    await store.getState().leave();
    expect(store.getState().pending).toBe('join');
    settle()?.resolve();
    await pressed;
    expect(store.getState().pending).toBeUndefined();
    expect(calls).toEqual(['join micro']);
  });

  it('shows why joining failed and what to do, and forgets it on the next try', async () => {
    const { host, settle } = fakeHost();
    const { store } = createPageStore(host);
    const pressed = store.getState().join();
    settle()?.reject(new StarlingError('no-adapter', 'There is no GPU.', 'Turn it on.'));
    await pressed;
    expect(store.getState().problem).toEqual({ message: 'There is no GPU.', fix: 'Turn it on.' });
    expect(store.getState().pending).toBeUndefined();
    const again = store.getState().join();
    expect(store.getState().problem).toBeUndefined();
    settle()?.reject('just a string');
    await again;
    expect(store.getState().problem).toEqual({ message: 'just a string', fix: '' });
    store.getState().dismissProblem();
    expect(store.getState().problem).toBeUndefined();
  });

  it('passes pause, resume and leave on', async () => {
    const { host, calls, settle } = fakeHost();
    const { store } = createPageStore(host);
    store.getState().pause();
    store.getState().resume();
    const leaving = store.getState().leave();
    settle()?.resolve();
    await leaving;
    expect(calls).toEqual(['pause', 'resume', 'leave']);
  });
});
