import type { Surroundings } from './surroundings.ts';

const key = 'starling-data-today';

/**
 * Counts the bytes of a local day, over visits and over the tabs of this browser: what is kept is read again before it is
 * added to. A new day begins at nothing.
 */
export class DayMeter {
  readonly #kept: Pick<Surroundings, 'recall' | 'keep' | 'localDay'>;
  #total = 0;
  #before: { readonly day: string; readonly bytes: number };
  /** Counted here on `#before.day`, and not kept yet. */
  #unkept = 0;

  constructor(kept: Pick<Surroundings, 'recall' | 'keep' | 'localDay'>) {
    this.#kept = kept;
    this.#before = this.#read();
  }

  get bytes(): number {
    return this.#before.day === this.#kept.localDay() ? this.#before.bytes + this.#unkept : 0;
  }

  /** What the volunteer in this tab sent and received since it joined; less than before: it is another volunteer. */
  saw(total: number): void {
    const more = total < this.#total ? total : total - this.#total;
    this.#total = total;
    if (this.#before.day !== this.#kept.localDay()) this.keep();
    this.#unkept += more;
  }

  /** Adds what was counted here to what is kept; where that is nothing, nothing is written. */
  keep(): void {
    const day = this.#kept.localDay();
    const now = this.#read();
    const counted = this.#before.day === day ? this.#unkept : 0;
    this.#unkept = 0;
    this.#before = { day, bytes: now.bytes + counted };
    if (counted > 0) this.#kept.keep(key, JSON.stringify(this.#before));
  }

  /** What is kept of today; whatever else is there is not of today. */
  #read(): { readonly day: string; readonly bytes: number } {
    const day = this.#kept.localDay();
    const kept = parsed(this.#kept.recall(key)) as { day?: unknown; bytes?: unknown } | undefined;
    const bytes = kept?.day === day && typeof kept.bytes === 'number' && kept.bytes >= 0 ? kept.bytes : 0;
    return { day, bytes };
  }
}

/** Undefined where it is no JSON object. */
export function parsed(text: string | undefined): object | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
