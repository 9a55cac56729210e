import type { Browser, BrowserContext, Page } from 'playwright';
import type { VolunteerStatus } from '../../src/volunteer/status.ts';
import type { RunView } from '../../src/volunteer/run-view.ts';

/** What the page hangs on `globalThis.starling` for tools like this one. */
export interface PageSnapshot {
  readonly view: RunView;
  readonly volunteer: VolunteerStatus | undefined;
  /** The step of joining that is under way; undefined: none. */
  readonly joining: unknown;
  readonly environment: { readonly canTrain: boolean; readonly reason: string };
}

export interface PageAddress {
  readonly origin: string;
  readonly room: string;
  readonly preset?: string;
  readonly seed?: number;
  readonly volunteers?: number;
  readonly rounds?: number;
}

export function pageUrl({ origin, room, ...options }: PageAddress): string {
  const url = new URL('/', origin);
  url.searchParams.set('run', room);
  for (const [name, value] of Object.entries(options)) url.searchParams.set(name, String(value));
  return url.href;
}

/** One tab in a context of its own, used as a person would: by its buttons. */
export class VolunteerPage {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }

  static async open(browser: Browser, address: PageAddress): Promise<VolunteerPage> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    // A measurement of the swarm is not one of how much of a GPU is left to others.
    await context.addInitScript(() => {
      localStorage['starling-comfort'] ??= JSON.stringify({ share: 1 });
    });
    const opened = new VolunteerPage(context, await context.newPage());
    await opened.page.goto(pageUrl(address));
    await opened.ready();
    return opened;
  }

  /** Waits until the page has opened its room and shows something. */
  async ready(): Promise<void> {
    await this.page.waitForFunction(() => 'starling' in globalThis);
  }

  async snapshot(): Promise<PageSnapshot> {
    return this.page.evaluate(() =>
      (globalThis as unknown as { starling: { snapshot(): PageSnapshot } }).starling.snapshot(),
    );
  }

  async join(): Promise<void> {
    await this.page.getByRole('button', { name: /^join/i }).click();
  }

  /**
   * Waits until the page's snapshot passes `test`. Throws if the volunteer fails, unless that is what is awaited. The time it has says that
   * it hangs, not that the machine is slow today.
   */
  async until(
    what: string,
    test: (snapshot: PageSnapshot) => boolean,
    timeoutMs = 180_000,
  ): Promise<PageSnapshot> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const snapshot = await this.snapshot();
      if (test(snapshot)) return snapshot;
      const { volunteer } = snapshot;
      if (volunteer?.state === 'failed') {
        throw new Error(
          `volunteer failed while waiting for ${what}: ${volunteer.reason} ${volunteer.fix ?? ''}`,
        );
      }
      if (performance.now() > deadline) {
        const state =
          volunteer === undefined
            ? 'a viewer'
            : `${volunteer.state}, round ${volunteer.round}: ${volunteer.reason}`;
        throw new Error(
          `waited ${timeoutMs} ms for ${what}; the page is ${state}. Errors: ${this.errors.join('; ')}`,
        );
      }
      await this.page.waitForTimeout(100);
    }
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}
