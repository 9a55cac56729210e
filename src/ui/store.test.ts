import { describe, expect, it, vi } from 'vitest';
import { StarlingError } from '../base/errors.ts';
import { fakeSnapshot } from './fake-snapshot.test-data.ts';
import type { RunChoice } from '../volunteer/run-choice.ts';
import type { PageHost, PageSnapshot, PresetName, RunStarter } from './host.ts';
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
    setGpuShare: (share) => calls.push(`share ${share}`),
    setComfort: (change) => calls.push(`comfort ${JSON.stringify(change)}`),
    setName: (name) => calls.push(`name ${String(name)}`),
    runAnyway: () => calls.push('run anyway'),
    write: () => () => undefined,
    takeHome: () => Promise.reject(new Error('no model')),
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

  it('joins once, however often the button is pressed', async () => {
    const { host, calls, settle } = fakeHost();
    const { store } = createPageStore(host);
    const pressed = store.getState().join();
    await store.getState().join();
    await store.getState().leave();
    expect(store.getState().pending).toBe('join');
    settle()?.resolve();
    await pressed;
    expect(store.getState().pending).toBeUndefined();
    expect(calls).toEqual(['join auto']);
  });

  it('starts at once what the page was opened to start, and one thing at a time', async () => {
    const { host, calls } = fakeHost();
    const wished = { room: 'ours' } as RunChoice;
    let started = (): void => undefined;
    const starter = {
      texts: { cut: () => Promise.reject(new Error('not here')) },
      wished,
      startRun(choice: RunChoice) {
        calls.push(`start ${choice.room}`);
        return new Promise<void>((resolve) => {
          started = resolve;
        });
      },
      measureGpu: () => Promise.reject(new StarlingError('probe-failed', 'No.', 'Try.')),
      forget: () => Promise.resolve(),
    } as unknown as RunStarter;
    const { store } = createPageStore({ ...host, starter });
    expect([store.getState().pending, calls]).toEqual(['join', ['start ours']]);
    await store.getState().startRun(wished);
    await store.getState().measureGpu();
    expect(store.getState().isMeasuring).toBe(false);
    started();
    await vi.waitFor(() => expect(store.getState().pending).toBeUndefined());
    expect(calls).toHaveLength(1);
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

  it('passes on what its person wishes of the machine', () => {
    const { host, calls } = fakeHost();
    const { store } = createPageStore(host);
    store.getState().setGpuShare(0.25);
    store.getState().setComfort({ keepAwake: true });
    store.getState().setName('Ada');
    store.getState().runAnyway();
    expect(calls).toEqual(['share 0.25', 'comfort {"keepAwake":true}', 'name Ada', 'run anyway']);
  });
});
