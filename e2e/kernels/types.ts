export const deviceNames = ['chromium', 'firefox', 'node'] as const;
export type DeviceName = (typeof deviceNames)[number];
export type BrowserName = Exclude<DeviceName, 'node'>;

export interface TestOutcome {
  /** The test's name after those of the suites around it. */
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly ms: number;
  /** What failed, with the expected and actual values; empty where it passed. */
  readonly errors: readonly { readonly message: string; readonly stack: string }[];
}

/** What a page says while it runs one test file. */
export type PageSays =
  | { readonly kind: 'starts'; readonly name: string }
  | { readonly kind: 'ran'; readonly outcome: TestOutcome }
  /** The file is done; `errors` are those outside its tests: of loading it, or of a hook. */
  | { readonly kind: 'ended'; readonly errors: TestOutcome['errors'] };

/** What a page is given to do; the address of the page carries it. */
export interface PageTask {
  readonly file: string;
  /** A regular expression; tests whose full name does not match are skipped. */
  readonly named: string | undefined;
}

export interface FileOutcome {
  readonly file: string;
  readonly ms: number;
  readonly tests: readonly TestOutcome[];
  readonly errors: TestOutcome['errors'];
  /** Why the file did not run at all. */
  readonly notRun?: string;
}
