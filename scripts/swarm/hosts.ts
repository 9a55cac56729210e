import type { Browser } from 'playwright';
import { launchChromium } from './browser.ts';
import { ChromiumVolunteer } from './chromium-volunteer.ts';
import type { VolunteerDriver } from './driver.ts';
import type { HostName } from './options.ts';
import type { PageAddress } from './volunteer-page.ts';

/** A browser that runs, and what ends it. */
interface OpenBrowser {
  open(address: PageAddress): Promise<VolunteerDriver>;
  close(): Promise<void>;
}

async function startFirefox(): Promise<OpenBrowser> {
  const { FirefoxVolunteer, launchFirefox } = await import('./firefox-volunteer.ts');
  const firefox = await launchFirefox();
  return {
    open: (address) => FirefoxVolunteer.open(firefox, address),
    close: () => firefox.close(),
  };
}

/** Starts each browser when a volunteer of its kind is first asked for, and ends all that it started. */
export class Hosts {
  readonly #address: PageAddress;
  readonly #opened: VolunteerDriver[] = [];
  #chromium: Browser | undefined;
  #firefox: OpenBrowser | undefined;

  constructor(address: PageAddress) {
    this.#address = address;
  }

  /** The Chromium that runs the tabs, if there is one. */
  get chromium(): Browser | undefined {
    return this.#chromium;
  }

  /** A volunteer that has not joined yet. The first one starts the run. */
  async open(host: HostName): Promise<VolunteerDriver> {
    const opened = await this.#open(host, this.#opened.length === 0);
    this.#opened.push(opened);
    return opened;
  }

  async #open(host: HostName, first: boolean): Promise<VolunteerDriver> {
    switch (host) {
      case 'chromium':
        this.#chromium ??= await launchChromium();
        return ChromiumVolunteer.open(this.#chromium, this.#address, { first });
      case 'firefox':
        this.#firefox ??= await startFirefox();
        return this.#firefox.open(this.#address);
      case 'node': {
        const { NodeVolunteer } = await import('./node-volunteer.ts');
        return NodeVolunteer.open(this.#address);
      }
    }
  }

  /** Ends every volunteer and browser; what cannot be closed properly is said, and does not keep the rest open. */
  async close(): Promise<void> {
    // Chromium ends its tabs by itself.
    const others = this.#opened.filter((one) => !(one instanceof ChromiumVolunteer));
    const endings = await Promise.allSettled(others.map((one) => one.close()));
    endings.push(...(await Promise.allSettled([this.#chromium?.close(), this.#firefox?.close()])));
    for (const ending of endings)
      if (ending.status === 'rejected') console.error(`could not be closed: ${String(ending.reason)}`);
  }
}
