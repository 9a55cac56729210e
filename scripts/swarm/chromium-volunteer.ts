import type { Browser } from 'playwright';
import type { VolunteerStatus } from '../../src/volunteer/status.ts';
import type { VolunteerDriver } from './driver.ts';
import { VolunteerPage, type PageAddress } from './volunteer-page.ts';

const closeWithinMs = 20_000;

/** A Chromium tab in a context of its own. */
export class ChromiumVolunteer implements VolunteerDriver {
  readonly host = 'chromium';
  readonly tab: VolunteerPage;
  /** Whether it starts the run; if not, it waits to hear of one before it presses Join. */
  readonly #first: boolean;
  #gone = false;

  private constructor(tab: VolunteerPage, first: boolean) {
    this.tab = tab;
    this.#first = first;
  }

  static async open(
    browser: Browser,
    address: PageAddress,
    { first }: { readonly first: boolean },
  ): Promise<ChromiumVolunteer> {
    return new ChromiumVolunteer(await VolunteerPage.open(browser, address), first);
  }

  get errors(): readonly string[] {
    return this.tab.errors;
  }

  async join(): Promise<void> {
    if (!this.#first) await this.#hearOfRun();
    await this.tab.join();
  }

  async status(): Promise<VolunteerStatus | undefined> {
    return this.#gone ? undefined : (await this.tab.snapshot()).volunteer;
  }

  /** As a person closes it: `beforeunload` and `pagehide` run. Throws if the tab is still there after 20 s. */
  async close(): Promise<void> {
    if (this.#gone) return;
    this.#gone = true;
    const { page } = this.tab;
    const closed = page.waitForEvent('close', { timeout: closeWithinMs });
    await page.close({ runBeforeUnload: true });
    await closed;
    await page.context().close();
  }

  /**
   * Crashes the renderer, and with it page and worker: no `pagehide`, no goodbye, no close of a data channel. The machine is
   * still there, so the server sees the WebSocket end.
   */
  async kill(): Promise<void> {
    if (this.#gone) return;
    this.#gone = true;
    const { page } = this.tab;
    const crashed = page.waitForEvent('crash', { timeout: closeWithinMs });
    const session = await page.context().newCDPSession(page);
    // Never answered: who would answer is gone.
    session.send('Page.crash').catch(() => undefined);
    await crashed;
    await page.context().close();
  }

  /** In the same context, so that what the page keeps in its profile is there again. */
  async reload(): Promise<void> {
    await this.tab.page.reload();
    await this.tab.ready();
    await this.#hearOfRun();
    await this.tab.join();
  }

  async #hearOfRun(): Promise<void> {
    await this.tab.until('the run to be announced', ({ view }) => view.run !== undefined);
  }
}
