import { createStore, type StoreApi } from 'zustand/vanilla';
import { problemOf } from '../base/errors.ts';
import { Recorder } from '../replay/recorder.ts';
import type { ComfortSettings } from '../volunteer/comfort.ts';
import type { RunChoice } from '../volunteer/run-choice.ts';
import type { PageHost, PageSnapshot, RunStarter } from './host.ts';
import { noSamples, rememberSample, type SampleHistory } from './samples.ts';

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
  join(): Promise<void>;
  /** Undefined where the host starts no runs. */
  readonly starter: RunStarter | undefined;
  startRun(choice: RunChoice): Promise<void>;
  readonly keys: PageHost['keys'];
  /** The GPU is being measured, for an estimate. */
  readonly isMeasuring: boolean;
  measureGpu(): Promise<void>;
  /** The form for a new run is open. */
  readonly isChoosing: boolean;
  setChoosing(isChoosing: boolean): void;
  pause(): void;
  resume(): void;
  leave(): Promise<void>;
  setGpuShare(share: number): void;
  setComfort(change: Partial<ComfortSettings>): void;
  setName(name: string | undefined): void;
  runAnyway(): void;
  /** `PageHost.write` and `takeHome`: what comes of them is the asking panel's. */
  readonly write: PageHost['write'];
  readonly takeHome: PageHost['takeHome'];
  /** What the model wrote while this page was open. */
  readonly samples: SampleHistory;
  readonly recording: PageHost['recording'];
  /** Keeps what this page sees of its run; the same one for as long as the page is open. */
  readonly recorder: Recorder;
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
      join: () => busy('join', () => host.join({ preset: 'auto' })),
      starter: host.starter,
      keys: host.keys,
      startRun: (choice) => busy('join', async () => host.starter?.startRun(choice)),
      isMeasuring: false,
      measureGpu: async () => {
        if (get().isMeasuring || host.starter === undefined) return;
        set({ isMeasuring: true });
        // The estimate then says that it is not known; joining says why.
        await host.starter.measureGpu().catch(() => undefined);
        set({ isMeasuring: false });
      },
      isChoosing: false,
      setChoosing: (isChoosing) => {
        set({ isChoosing });
      },
      pause: () => {
        host.pause();
      },
      resume: () => {
        host.resume();
      },
      leave: () => busy('leave', () => host.leave()),
      setGpuShare: (share) => {
        host.setGpuShare(share);
      },
      setComfort: (change) => {
        host.setComfort(change);
      },
      setName: (name) => {
        host.setName(name);
      },
      runAnyway: () => {
        host.runAnyway();
      },
      write: (request, tell) => host.write(request, tell),
      takeHome: (dtype) => host.takeHome(dtype),
      samples: noSamples,
      recording: host.recording,
      recorder: new Recorder(),
      dismissProblem: () => {
        set({ problem: undefined });
      },
    };
  });
  const close = host.subscribe((snapshot) => {
    const nowMs = performance.now();
    store.getState().recorder.saw(snapshot, nowMs);
    store.setState(({ samples }) => ({ snapshot, samples: rememberSample(samples, snapshot, nowMs) }));
  });
  const wished = host.starter?.wished;
  if (wished !== undefined) void store.getState().startRun(wished);
  return { store, close };
}
