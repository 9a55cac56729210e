import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { VolunteerStatus } from '../../src/volunteer/status.ts';
import type { VolunteerDriver } from './driver.ts';
import { pageUrl, type PageAddress } from './volunteer-page.ts';

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const root = fileURLToPath(new URL('../..', import.meta.url));
/** A goodbye takes about a second; after this the process is ended without one, and that is an error. */
const goodbyeMs = 15_000;

/** One process of src/headless.ts, told what to do on its stdin. */
class Headless {
  readonly #child: Child;
  readonly #answers: ((line: string | undefined) => void)[] = [];
  readonly exited: Promise<number | null>;
  gone = false;

  constructor(url: string, keyFile: string, error: (line: string) => void) {
    // A process group of its own, so that `kill` reaches Node's Node: run.mjs starts the one that trains.
    this.#child = spawn(
      process.execPath,
      ['scripts/run.mjs', 'src/headless.ts', '--url', url, '--key', keyFile, '--control'],
      { cwd: root, stdio: ['pipe', 'pipe', 'pipe'], detached: true },
    );
    this.#child.stdin.on('error', () => undefined); // it has gone: `exited` says so
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#answers.shift()?.(line));
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      if (/error/i.test(line)) error(line);
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        if (code !== 0 && !this.gone) error(`the process ended by itself: ${code ?? signal}`);
        this.gone = true;
        for (const answer of this.#answers.splice(0)) answer(undefined);
        resolve(code);
      });
    });
  }

  say(word: 'join' | 'leave'): void {
    this.#child.stdin.write(`${word}\n`);
  }

  /** Undefined when it has gone. */
  ask(word: 'status'): Promise<string | undefined> {
    if (this.gone) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#answers.push(resolve);
      this.#child.stdin.write(`${word}\n`);
    });
  }

  kill(): void {
    if (this.#child.pid === undefined || this.gone) return;
    this.gone = true;
    process.kill(-this.#child.pid, 'SIGKILL');
  }
}

/** A volunteer without a page: Node with Dawn, in a process of its own. */
export class NodeVolunteer implements VolunteerDriver {
  readonly host = 'node';
  readonly errors: string[] = [];
  readonly #address: PageAddress;
  readonly #folder = mkdtempSync(join(tmpdir(), 'starling-node-'));
  #process: Headless;

  private constructor(address: PageAddress) {
    this.#address = address;
    this.#process = this.#start();
  }

  /** Resolves when its process answers; it looks for a run only after `join`. */
  static async open(address: PageAddress): Promise<NodeVolunteer> {
    const opened = new NodeVolunteer(address);
    if ((await opened.#process.ask('status')) === undefined) {
      opened.#forget();
      throw new Error(`the Node volunteer did not start: ${opened.errors.join('; ')}`);
    }
    return opened;
  }

  join(): Promise<void> {
    this.#process.say('join');
    return Promise.resolve();
  }

  async status(): Promise<VolunteerStatus | undefined> {
    const line = await this.#process.ask('status');
    return line === undefined ? undefined : ((JSON.parse(line) as VolunteerStatus | null) ?? undefined);
  }

  async close(): Promise<void> {
    await this.#leave();
    this.#forget();
  }

  async kill(): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
    this.#forget();
  }

  async reload(): Promise<void> {
    await this.#leave();
    this.#process = this.#start();
    await this.#process.ask('status');
    await this.join();
  }

  #start(): Headless {
    return new Headless(pageUrl(this.#address), join(this.#folder, 'key.json'), (line) =>
      this.errors.push(line),
    );
  }

  async #leave(): Promise<void> {
    const leaving = this.#process;
    if (leaving.gone) return;
    leaving.say('leave');
    const late = setTimeout(() => {
      this.errors.push(`it had not left after ${goodbyeMs} ms`);
      leaving.kill();
    }, goodbyeMs);
    await leaving.exited;
    clearTimeout(late);
  }

  #forget(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
