export const browserNames = ['chromium', 'firefox'] as const;
export type BrowserName = (typeof browserNames)[number];

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

/** What one browser made of the test files; `adapter` is null, and nothing ran, where it has no WebGPU adapter. */
export interface BrowserReport {
  readonly device: BrowserName;
  readonly host: string;
  /** The adapter and what it offers, in words. */
  readonly adapter: string | null;
  /** Of what kernels can make use of, what the adapter offers. */
  readonly features: readonly string[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly files: readonly FileOutcome[];
}
