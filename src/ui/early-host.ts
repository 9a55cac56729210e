import type { Environment, PageHost, PageSnapshot } from './host.ts';

/** What a page that can only watch shows before its host is there: why, and that the server is being reached. */
export function earlyHost(environment: Environment): PageHost {
  const snapshot: PageSnapshot = {
    view: {
      connected: false,
      signaling: false,
      run: undefined,
      presences: [],
      records: [],
      curve: [],
      sample: undefined,
      documentBytes: 0,
      rejections: {},
    },
    volunteer: undefined,
    environment,
  };
  const nothing = (): void => undefined;
  const never = (): Promise<never> => Promise.reject(new Error('Nobody trains before the page has a host.'));
  return {
    subscribe(listener) {
      listener(snapshot);
      return nothing;
    },
    join: never,
    leave: () => Promise.resolve(),
    takeHome: never,
    write: () => nothing,
    ...{ pause: nothing, resume: nothing, runAnyway: nothing },
    ...{ setGpuShare: nothing, setComfort: nothing, setName: nothing },
  };
}
