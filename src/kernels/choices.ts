import type { Gpu } from '../gpu/gpu.ts';

/** Of each case of an op that has variants, the variant measured fastest, and whom there was no time for: `Gpu.choices`. */
type Choices = ReadonlyMap<string, string>;

interface Named {
  readonly name: string;
}

interface Case<T extends Named> {
  readonly key: string;
  readonly entrants: readonly T[];
}

/** How the names of those that there was no time for are kept beside a choice. */
const leftKey = (key: string): string => `${key}#left`;

/** Notes the best so far of a case, and the names of those not measured against it. */
export function noteChoice(
  choices: Map<string, string>,
  key: string,
  best: string,
  left: readonly string[],
): void {
  choices.set(key, best);
  if (left.length > 0) choices.set(leftKey(key), left.join());
  else choices.delete(leftKey(key));
}

/** Who is still to be measured: all, none, or those left out before, after the best so far. */
export function contestants<T extends Named>(choices: Choices, { key, entrants }: Case<T>): readonly T[] {
  const best = entrants.find(({ name }) => name === choices.get(key));
  if (best === undefined) return entrants;
  const left = new Set(choices.get(leftKey(key))?.split(','));
  const others = entrants.filter((entrant) => entrant !== best && left.has(entrant.name));
  return others.length === 0 ? [] : [best, ...others];
}

/** Contests that have no winner, or one that not all were measured against. */
export const undecided = <T extends Case<Named>>(choices: Choices, cases: readonly T[]): readonly T[] =>
  cases.filter((one) => contestants(choices, one).length > 0);

/** Choices as they are kept between visits; `recallChoices` takes back only what it understands. */
export const keptChoices = (gpu: Gpu): Readonly<Record<string, string>> => Object.fromEntries(gpu.choices);

/** Takes what a browser kept, which may be anything: of it, variants of these names. */
export function recallChoices(gpu: Gpu, kept: unknown, names: ReadonlySet<string>): void {
  const entries = typeof kept === 'object' && kept !== null ? Object.entries(kept) : [];
  for (const [key, value] of entries) {
    if (typeof value !== 'string') continue;
    const known = key.endsWith(leftKey(''))
      ? value.split(',').every((name) => names.has(name))
      : names.has(value);
    if (known) gpu.choices.set(key, value);
  }
}
