import { ManualClock } from '../base/clock.ts';
import type { Entrant } from '../kernels/entrant.ts';
import type { Contest, Family } from '../kernels/tuner.ts';

/** How a variant behaves. */
interface Fake {
  /** Of one run; given several, of one run after the other. */
  readonly ms: number | readonly number[];
  readonly compileMs?: number;
  readonly fails?: true;
  readonly isParticular?: true;
}

/** A machine on which all that is measured takes as long as it is told, and what was asked of it. */
export class FakeMachine {
  readonly clock = new ManualClock();
  readonly asked: string[] = [];
  readonly #perSubmit: number;

  /** `perSubmit` is what a submit costs in ms, however much is in it. */
  constructor(perSubmit = 0) {
    this.#perSubmit = perSubmit;
  }

  contest(key: string, fakes: Readonly<Record<string, Fake>>, like: readonly string[] = []): Contest {
    const entrants = Object.entries(fakes).map(([name, fake]) => this.#entrant(key, name, fake));
    return { key, entrants, like };
  }

  family(work: number, ...contests: Contest[]): Family & { freed: number } {
    const family = {
      ...{ work, contests, freed: 0 },
      prepare: () => Promise.resolve(),
      free() {
        family.freed++;
      },
    };
    return family;
  }

  #entrant(key: string, name: string, { ms, compileMs = 0, fails, isParticular }: Fake): Entrant {
    let runs = 0;
    return {
      name,
      isParticular: isParticular === true,
      compile: async () => {
        this.asked.push(`${key} ${name}`);
        await Promise.resolve(); // a compiler works elsewhere: the limit runs meanwhile
        this.clock.advance(compileMs);
        if (fails) throw new Error('no such instruction');
        for (let turn = 0; turn < 10; turn++) await Promise.resolve(); // who gave up heard of that first
      },
      run: (count) => {
        this.clock.advance(this.#perSubmit);
        for (let n = 0; n < count; n++)
          this.clock.advance(typeof ms === 'number' ? ms : (ms[Math.min(runs++, ms.length - 1)] ?? 0));
        return Promise.resolve();
      },
      abandon: () => {
        this.asked.push(`${key} ${name} given up`);
      },
    };
  }
}
