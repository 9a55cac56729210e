import type { VolunteerStatus } from '../../src/volunteer/status.ts';
import type { Life } from './agreement.ts';
import type { VolunteerDriver } from './driver.ts';
import { RecordLog } from './record-log.ts';
import type { DoneStep, Witness } from './report.ts';
import { choose, type Candidate, type Step } from './script.ts';

interface Lived extends Life {
  status: VolunteerStatus | undefined;
  ended: Life['ended'];
}

/** One volunteer of the run and all that was seen of it. */
class Actor implements Witness, Candidate {
  readonly number: number;
  readonly latecomer: boolean;
  readonly driver: VolunteerDriver;
  readonly lives: Lived[] = [];
  leads = false;
  touched: boolean;

  constructor(number: number, driver: VolunteerDriver, latecomer: boolean) {
    this.number = number;
    this.driver = driver;
    this.latecomer = latecomer;
    this.touched = latecomer;
    this.begin();
  }

  get host(): string {
    return this.driver.host;
  }

  get name(): string {
    return `volunteer ${this.number} (${this.host})`;
  }

  get life(): Lived {
    return this.lives[this.lives.length - 1];
  }

  get isHere(): boolean {
    return this.life.ended === undefined;
  }

  begin(): void {
    this.lives.push({ log: new RecordLog(), status: undefined, ended: undefined });
  }

  async look(): Promise<void> {
    if (!this.isHere) return;
    const status = await this.driver.status();
    if (status === undefined) {
      if (this.life.status !== undefined)
        throw new Error(`${this.name} is gone, though no step ended it. ${this.driver.errors.join('; ')}`);
      return;
    }
    this.life.status = status;
    this.life.log.add(status.records);
  }
}

const lookWithinMs = 60_000;

/** The volunteers of a run: watches them, and does to them what the script says. */
export class Cast {
  readonly #actors: Actor[] = [];
  readonly #open: () => Promise<VolunteerDriver>;
  readonly #seed: number;

  /** `open`: one more volunteer for a `join`. `seed` draws on whom a step falls. */
  constructor(open: () => Promise<VolunteerDriver>, seed: number) {
    this.#open = open;
    this.#seed = seed;
  }

  get witnesses(): readonly Witness[] {
    return this.#actors;
  }

  get drivers(): readonly VolunteerDriver[] {
    return this.#here.map(({ driver }) => driver);
  }

  /** One for each volunteer, gone ones too. */
  get lines(): readonly { name: string; status: VolunteerStatus | undefined; ended: Life['ended'] }[] {
    return this.#actors.map(({ name, life: { status, ended } }) => ({ name, status, ended }));
  }

  /** The newest round that anyone has applied. */
  get fastest(): number {
    return Math.max(0, ...this.#actors.map(({ life }) => life.status?.round ?? 0));
  }

  /** The round that everyone still here has applied. */
  get slowest(): number {
    return Math.min(...this.#here.map(({ life }) => life.status?.round ?? 0));
  }

  get isFinished(): boolean {
    return this.#here.every(({ life }) => life.status?.state === 'finished');
  }

  get #here(): Actor[] {
    return this.#actors.filter(({ isHere }) => isHere);
  }

  /** Takes in a volunteer that pressed Join before the run began. */
  add(driver: VolunteerDriver): void {
    this.#actors.push(new Actor(this.#actors.length + 1, driver, false));
  }

  /** Asks everyone still here how it is. Throws an Error if one failed, or does not answer for a minute. */
  async look(): Promise<void> {
    await Promise.all(
      this.#here.map((actor) => within(lookWithinMs, actor.look(), `${actor.name} does not answer`)),
    );
    const failed = this.#here.find(({ life }) => life.status?.state === 'failed');
    const status = failed?.life.status;
    if (failed !== undefined && status !== undefined)
      throw new Error(`${failed.name} failed: ${status.reason} ${status.fix ?? ''}`);
  }

  /** Does one step of a script. Undefined if there was nobody to do it to; then nothing has happened. */
  async perform(step: Step): Promise<{ readonly done: DoneStep; readonly text: string } | undefined> {
    await this.look();
    const round = this.fastest;
    if (step.action === 'join') {
      const actor = new Actor(this.#actors.length + 1, await this.#open(), true);
      await actor.driver.join();
      this.#actors.push(actor);
      return told(round, step, actor, 'joins');
    }
    const leader = this.#leader;
    for (const actor of this.#here) actor.leads = leader !== undefined && actor.life.status?.self === leader;
    const actor = choose(step, this.#here, this.#seed);
    if (actor === undefined) return undefined;
    actor.touched = true;
    switch (step.action) {
      case 'close-leader':
        actor.life.ended = 'closed';
        await actor.driver.close();
        return told(round, step, actor, 'leads the round, and is closed');
      case 'kill':
        actor.life.ended = 'killed';
        await actor.driver.kill();
        return told(round, step, actor, 'is killed without a word');
      case 'reload':
        actor.life.ended = 'reloaded';
        await actor.driver.reload();
        actor.begin();
        return told(round, step, actor, 'is reloaded and joins again');
    }
  }

  /** Who leads the round under way, as the volunteer that is furthest on says. */
  get #leader(): string | undefined {
    const furthest = this.#here
      .flatMap(({ life }) => life.status ?? [])
      .reduce<VolunteerStatus | undefined>(
        (best, status) => (best === undefined || status.round > best.round ? status : best),
        undefined,
      );
    return furthest?.peers.find(({ leader }) => leader)?.id;
  }
}

const told = (round: number, { action }: Step, actor: Actor, what: string) => ({
  done: { round, action, volunteer: actor.number },
  text: `round ${round}: ${actor.name} ${what}`,
});

/** What `work` resolves with. Rejects with an Error that says `problem` if it takes longer than `ms`. */
export async function within<T>(ms: number, work: Promise<T>, problem: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${problem} (waited ${ms / 1000} s)`));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
