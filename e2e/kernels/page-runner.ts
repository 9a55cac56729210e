import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { launchChromium } from '../../scripts/swarm/browser.ts';
import { launchFirefox } from '../../scripts/swarm/firefox-volunteer.ts';
import { runnerScript, type Bundle } from './bundle.ts';
import type { BrowserName, FileOutcome, PageSays, PageTask, TestOutcome } from './types.ts';

/** A page that says nothing for this long has hung: a test and its hooks end long before. */
const silenceMs = 310_000;

/** What the two drivers have in common, as far as a test file needs it. */
interface OpenPage {
  readonly close: () => Promise<void>;
}
interface OpenBrowser {
  readonly host: string;
  /** Opens a page; `gone` is called with why, when it dies. */
  readonly page: (url: string, gone: (why: string) => void) => Promise<OpenPage>;
  /** Undefined where the browser finds none. */
  readonly adapter: (url: string) => Promise<Adapter | undefined>;
  readonly close: () => Promise<void>;
}

interface Adapter {
  /** What it is and offers. */
  readonly words: string;
  readonly features: readonly string[];
}

/** Runs in a page; undefined where there is no adapter. */
const lookAtAdapter = async (): Promise<Adapter | undefined> => {
  const adapter = await (navigator as { gpu?: GPU }).gpu?.requestAdapter();
  if (adapter === null || adapter === undefined) return undefined;
  const { vendor, architecture, description } = adapter.info;
  const offered = ['subgroups', 'shader-f16'].filter((feature) => adapter.features.has(feature));
  const name = [vendor, architecture, description].filter((word) => word !== '').join(' ');
  const offers = offered.join(' and ') || 'nothing optional';
  return { words: `${name === '' ? 'an unnamed adapter' : name}, offers ${offers}`, features: offered };
};

/** As src/hosts/node.ts has it: a software driver compiles a store for every word of workgroup memory otherwise. */
const chromiumFlags = ['--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension'];

async function openChromium(): Promise<OpenBrowser> {
  const browser = await launchChromium(chromiumFlags);
  const context = await browser.newContext();
  return {
    host: `Chromium ${browser.version()}`,
    page: async (url, gone) => {
      const page = await context.newPage();
      page.on('crash', () => {
        gone('the page crashed');
      });
      await page.goto(url);
      return page;
    },
    adapter: async (url) => {
      const page = await context.newPage();
      await page.goto(url);
      const found = await page.evaluate(lookAtAdapter);
      await page.close();
      return found;
    },
    close: () => browser.close(),
  };
}

async function openFirefox(): Promise<OpenBrowser> {
  const browser = await launchFirefox();
  return {
    host: (await browser.version()).replace('/', ' '),
    page: async (url, gone) => {
      browser.on('disconnected', () => {
        gone('Firefox ended');
      });
      const page = await browser.newPage();
      await page.goto(url);
      return { close: () => page.close() };
    },
    adapter: async (url) => {
      const page = await browser.newPage();
      await page.goto(url);
      const found = await page.evaluate(lookAtAdapter);
      await page.close();
      return found ?? undefined;
    },
    close: () => browser.close(),
  };
}

/** Runs test files in pages of one browser, each in a page of its own. */
export class PageRunner {
  readonly host: string;
  /** Undefined where the browser finds none. */
  readonly adapter: Adapter | undefined;
  readonly #browser: OpenBrowser;
  readonly #server: Awaited<ReturnType<typeof serve>>;
  readonly #bundle: Bundle;

  private constructor(
    browser: OpenBrowser,
    server: Awaited<ReturnType<typeof serve>>,
    bundle: Bundle,
    adapter: Adapter | undefined,
  ) {
    this.#browser = browser;
    this.#server = server;
    this.#bundle = bundle;
    this.host = browser.host;
    this.adapter = adapter;
  }

  static async open(device: BrowserName, bundle: Bundle): Promise<PageRunner> {
    const server = await serve(bundle.scripts);
    const browser = await (device === 'chromium' ? openChromium : openFirefox)();
    return new PageRunner(browser, server, bundle, await browser.adapter(server.url({})));
  }

  /** Runs one file and calls `told` after each of its tests. A page that dies is an error of the file, never a rejection. */
  async run(task: PageTask, told: (outcome: TestOutcome) => void): Promise<FileOutcome> {
    const { file } = task;
    const needs = this.#bundle.needsNode.get(file);
    if (needs !== undefined)
      return { file, ms: 0, tests: [], errors: [], notRun: `it needs Node (${needs})` };
    const start = performance.now();
    const tests: TestOutcome[] = [];
    let running: string | undefined;
    const readable = (errors: TestOutcome['errors']): TestOutcome['errors'] =>
      errors.map(({ message, stack }) => ({ message, stack: this.#bundle.readStack(stack) }));
    let page: OpenPage | undefined;
    const errors = await new Promise<TestOutcome['errors']>((resolve) => {
      const gone = (why: string): void => {
        clearTimeout(silence);
        resolve([{ message: running === undefined ? why : `${why} in: ${running}`, stack: '' }]);
      };
      let silence: NodeJS.Timeout;
      const heard = (): void => {
        clearTimeout(silence);
        silence = setTimeout(gone, silenceMs, `the page said nothing for ${silenceMs / 1000} s`);
      };
      heard();
      this.#server.listen(file, (said) => {
        heard();
        if (said.kind === 'starts') running = said.name;
        else if (said.kind === 'ran') {
          const outcome = { ...said.outcome, errors: readable(said.outcome.errors) };
          running = undefined;
          tests.push(outcome);
          told(outcome);
        } else {
          clearTimeout(silence);
          resolve(readable(said.errors));
        }
      });
      this.#browser.page(this.#server.url(task), gone).then(
        (opened) => {
          page = opened;
        },
        (thrown: unknown) => {
          gone(String(thrown));
        },
      );
    });
    this.#server.listen(file, undefined);
    await page?.close().catch(() => undefined); // a page that died is closed already
    return { file, ms: performance.now() - start, tests, errors };
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.close();
  }
}

/** Serves the scripts on loopback, which is a secure context, and passes on what pages say. */
async function serve(scripts: ReadonlyMap<string, string>) {
  const listeners = new Map<string, (said: PageSays) => void>();
  const page = `<!doctype html><link rel="icon" href="data:,"><title>Tests</title>`;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'POST') {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const from = new URL(request.headers.referer ?? '/', 'http://localhost').searchParams.get('file');
      response.end();
      listeners.get(from ?? '')?.(JSON.parse(Buffer.concat(parts).toString()) as PageSays);
      return;
    }
    const script = scripts.get(pathname.slice(1));
    const [type, body] =
      script !== undefined
        ? ['text/javascript', script]
        : pathname === '/'
          ? [
              'text/html',
              searchParams.has('file')
                ? `${page}<script type="module" src="/${runnerScript}"></script>`
                : page,
            ]
          : ['text/plain', undefined];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type });
    response.end(body);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: ({ file, named }: Partial<PageTask>): string => {
      const url = new URL(`http://127.0.0.1:${port}/`);
      if (file !== undefined) url.searchParams.set('file', file);
      if (named !== undefined) url.searchParams.set('named', named);
      return url.href;
    },
    listen: (file: string, listener: ((said: PageSays) => void) | undefined): void => {
      if (listener === undefined) listeners.delete(file);
      else listeners.set(file, listener);
    },
    close: (): void => {
      server.close();
      server.closeAllConnections();
    },
  };
}
