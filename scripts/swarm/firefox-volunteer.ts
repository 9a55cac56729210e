import puppeteer, { type Browser, type BrowserContext, type ElementHandle, type Page } from 'puppeteer-core';
import type { VolunteerStatus } from '../../src/volunteer/status.ts';
import { findFirefox, firefoxEnvironment } from '../find-firefox.mjs';
import type { VolunteerDriver } from './driver.ts';
import { pageUrl, type PageAddress, type PageSnapshot } from './volunteer-page.ts';

/** Preferences under which headless Firefox has WebGPU on a machine without a GPU and connects without a server's help. */
export const firefoxPreferences = {
  'dom.webgpu.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
  // Names instead of addresses are announced over multicast DNS, which no test may rely on.
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.peerconnection.ice.loopback': true,
  // Nothing but the page leaves the machine.
  'app.update.enabled': false,
  'browser.safebrowsing.downloads.remote.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};

const startMs = 120_000;

/** Starts headless Firefox over WebDriver BiDi. Throws where there is none. */
export async function launchFirefox(): Promise<Browser> {
  const executablePath = findFirefox();
  if (executablePath === undefined) {
    throw new Error(
      'No Firefox found. Run `npm test` once (it installs one where it can), or set FIREFOX_PATH.',
    );
  }
  return puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    acceptInsecureCerts: true,
    extraPrefsFirefox: firefoxPreferences,
    env: firefoxEnvironment(),
    timeout: startMs,
    protocolTimeout: startMs,
  });
}

/** One Firefox tab in a context of its own, used as a person would: by its buttons. */
export class FirefoxVolunteer implements VolunteerDriver {
  readonly host = 'firefox';
  readonly page: Page;
  readonly errors: string[] = [];
  readonly #browser: Browser;
  readonly #context: BrowserContext;
  #gone = false;

  private constructor(browser: Browser, context: BrowserContext, page: Page) {
    this.#browser = browser;
    this.#context = context;
    this.page = page;
    page.on('pageerror', (error) => {
      this.errors.push(error instanceof Error ? error.message : String(error));
    });
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }

  static async open(firefox: Browser, address: PageAddress): Promise<FirefoxVolunteer> {
    const context = await firefox.createBrowserContext();
    const opened = new FirefoxVolunteer(firefox, context, await context.newPage());
    await opened.page.goto(pageUrl(address));
    await opened.#ready();
    return opened;
  }

  async join(): Promise<void> {
    const found = await this.page.waitForFunction(() =>
      [...document.querySelectorAll('button')].find(
        (button) => /^join/i.test(button.textContent.trim()) && !button.disabled,
      ),
    );
    // Not where it was a moment ago: a press at a place goes wrong in silence when the page has grown above it meanwhile.
    await (found as ElementHandle<HTMLElement>).evaluate((button) => button.click());
    await this.page.waitForFunction(() => {
      const { starling } = globalThis as unknown as { starling: { snapshot(): PageSnapshot } };
      const { joining, volunteer } = starling.snapshot();
      return joining !== undefined || (volunteer !== undefined && volunteer.state !== 'left');
    });
  }

  /** What the page shows. Rejects when the tab is gone. */
  async snapshot(): Promise<PageSnapshot> {
    // As text: the protocol would spell out every number of every record as an object.
    const text = await this.page.evaluate(() =>
      JSON.stringify((globalThis as unknown as { starling: { snapshot(): unknown } }).starling.snapshot()),
    );
    return JSON.parse(text) as PageSnapshot;
  }

  async status(): Promise<VolunteerStatus | undefined> {
    return this.#gone ? undefined : (await this.snapshot()).volunteer;
  }

  async close(): Promise<void> {
    if (this.#gone) return;
    this.#gone = true;
    await this.page.close();
    await this.#context.close();
  }

  /** Ends the whole Firefox, every tab of it: the protocol cannot end one tab without a word. */
  kill(): Promise<void> {
    this.#gone = true;
    const child = this.#browser.process();
    if (child === null) throw new Error('this Firefox was not started here');
    return new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.#ready();
    await this.join();
  }

  async #ready(): Promise<void> {
    await this.page.waitForFunction(() => 'starling' in globalThis);
  }
}
