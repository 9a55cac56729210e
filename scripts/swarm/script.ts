// What happens to the volunteers of `npm run swarm -- --script <name>`, and when: data, and who it falls on.
import { hashWords } from '../../src/base/random.ts';

/**
 * - `join`: one more volunteer comes.
 * - `close-leader`: the tab of the round's leader is closed; it can say goodbye.
 * - `reload`: a tab is reloaded and joins again.
 * - `kill`: a volunteer's process ends without a word.
 */
export type Action = 'join' | 'close-leader' | 'reload' | 'kill';

export interface Step {
  /** Done as soon as any volunteer has applied the record of this round. */
  readonly round: number;
  readonly action: Action;
}

export interface SwarmScript {
  /** In the order of their rounds. */
  readonly steps: readonly Step[];
  /** Below these, the script would leave nobody to go on, or would not come to its end. */
  readonly fewestVolunteers: number;
  readonly fewestRounds: number;
}

const scripts: Readonly<Record<string, SwarmScript>> = {
  churn: {
    steps: [
      { round: 30, action: 'join' },
      { round: 50, action: 'close-leader' },
      { round: 70, action: 'reload' },
      { round: 90, action: 'kill' },
    ],
    fewestVolunteers: 3,
    fewestRounds: 100,
  },
};

export const scriptNames: readonly string[] = Object.keys(scripts);

/** The script of that name for a run of this size. Throws an Error for people if there is none, or the run is too small. */
export function findScript(name: string, volunteers: number, rounds: number): SwarmScript {
  const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined;
  if (script === undefined)
    throw new Error(`There is no script "${name}". Known scripts: ${scriptNames.join(', ')}.`);
  if (volunteers < script.fewestVolunteers || rounds < script.fewestRounds) {
    throw new Error(
      `The script "${name}" needs at least ${script.fewestVolunteers} volunteers and ${script.fewestRounds} rounds, ` +
        `not ${volunteers} and ${rounds}.`,
    );
  }
  return script;
}

/** The steps of a script, one after another, each once. */
export class Cues {
  readonly #steps: readonly Step[];
  #next = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  /** The first step not yet done, if `round` has come to it. Stays the same until `done`, so that it can be tried again. */
  due(round: number): Step | undefined {
    const step = this.#steps[this.#next];
    return step !== undefined && step.round <= round ? step : undefined;
  }

  done(): void {
    this.#next++;
  }

  get left(): number {
    return this.#steps.length - this.#next;
  }
}

/** A volunteer on whom a step may fall. */
export interface Candidate {
  /** From 1, in the order in which they joined. */
  readonly number: number;
  /** Whether it leads the round under way. */
  readonly leads: boolean;
  /** Whether a step has fallen on it before; having joined late counts. */
  readonly touched: boolean;
}

/**
 * Whom a step falls on: the leader, or, drawn by seed and round alone, one on whom no step has fallen (any, if there is
 * none). So after `churn` the latecomer and the reloaded tab are still there. Undefined where there is nobody to choose, as
 * between two leaders; try again then.
 */
export function choose<T extends Candidate>(
  { action, round }: Step,
  candidates: readonly T[],
  seed: number,
): T | undefined {
  if (action === 'join') return undefined;
  if (action === 'close-leader') return candidates.find(({ leads }) => leads);
  const fresh = candidates.filter(({ touched }) => !touched);
  const from = (fresh.length > 0 ? fresh : [...candidates]).sort((a, b) => a.number - b.number);
  return from.length === 0 ? undefined : from[hashWords(seed, round) % from.length];
}
