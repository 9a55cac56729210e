import type { VolunteerStatus } from '../../src/volunteer/status.ts';

/** One volunteer of `npm run swarm`, whatever it runs in: a Chromium tab, a Firefox tab, or a Node process with Dawn. */
export interface VolunteerDriver {
  /** "chromium", "firefox" or "node": shown beside its adapter. */
  readonly host: string;
  /** Presses Join, or does what that stands for. */
  join(): Promise<void>;
  /** Undefined before it joined, and when it is gone. */
  status(): Promise<VolunteerStatus | undefined>;
  /** What went wrong in it so far: uncaught errors and error lines of its console. */
  readonly errors: readonly string[];
  /** Closes the tab as a person does: it can still say goodbye. */
  close(): Promise<void>;
  /** Ends the process or renderer without a word. */
  kill(): Promise<void>;
  /** Reloads the tab and joins again: the same person, the same key. */
  reload(): Promise<void>;
}
