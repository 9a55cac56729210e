import type { Browser } from 'playwright';
import { launchChromium } from './browser.ts';
import { within } from './cast.ts';
import { ChromiumVolunteer } from './chromium-volunteer.ts';
import type { VolunteerDriver } from './driver.ts';
import type { HostName } from './options.ts';
import type { PageAddress } from './volunteer-page.ts';

const closeWithinMs = 30_000;

/** Starts the browsers that volunteers ask for, and ends all that it started. */
export class Hosts {
  readonly #address: PageAddress;
  readonly #opened: VolunteerDriver[] = [];
  readonly #firefoxes: { close(): Promise<void> }[] = [];
  #chromium: Browser | undefined;

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
      case 'firefox': {
        const { FirefoxVolunteer, launchFirefox } = await import('./firefox-volunteer.ts');
        // One for each, because a Firefox volunteer can be killed only with all of its browser.
        const firefox = await launchFirefox();
        this.#firefoxes.push(firefox);
        return FirefoxVolunteer.open(firefox, this.#address);
      }
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
    const end = (what: readonly { readonly close: () => Promise<void> }[]) =>
      Promise.allSettled(what.map((one) => within(closeWithinMs, one.close(), 'it does not end')));
    const browsers = [...(this.#chromium === undefined ? [] : [this.#chromium]), ...this.#firefoxes];
    const endings = [...(await end(others)), ...(await end(browsers))];
    for (const ending of endings)
      if (ending.status === 'rejected') console.error(`could not be closed: ${String(ending.reason)}`);
  }
}
