import type { Gpu } from '../gpu/gpu.ts';

/** Of each case of an op that has variants, the variant measured fastest, and whom it was not measured against: `Gpu.choices`. */
type Choices = ReadonlyMap<string, string>;

interface Named {
  readonly name: string;
}

interface Case<T extends Named> {
  readonly key: string;
  readonly entrants: readonly T[];
}

/**
 * Why a choice may still change: `left`, there was no time for some; `borrowed`, it was taken over from a case like it. What is
 * left is measured at the next visit, what is borrowed when there is time.
 */
export type Open = 'left' | 'borrowed';
const reasons: readonly Open[] = ['left', 'borrowed'];

/** How the names of those to be measured against a choice are kept beside it. */
const openKey = (key: string, why: Open): string => `${key}#${why}`;

/** Notes the best so far of a case, and the names of those it is still to be measured against. */
export function noteChoice(
  choices: Map<string, string>,
  key: string,
  best: string,
  others: readonly string[],
  why: Open = 'left',
): void {
  choices.set(key, best);
  for (const reason of reasons) choices.delete(openKey(key, reason));
  if (others.length > 0) choices.set(openKey(key, why), others.join());
}

/** Who is still to be measured, for either reason: all, none, or those noted beside the best so far, after it. */
export function contestants<T extends Named>(
  choices: Choices,
  { key, entrants }: Case<T>,
  why: readonly Open[] = reasons,
): readonly T[] {
  const best = entrants.find(({ name }) => name === choices.get(key));
  if (best === undefined) return entrants;
  const noted = new Set(why.flatMap((reason) => choices.get(openKey(key, reason))?.split(',') ?? []));
  const others = entrants.filter((entrant) => entrant !== best && noted.has(entrant.name));
  return others.length === 0 ? [] : [best, ...others];
}

/** Contests that have no winner, or one that not all were measured against. */
export const undecided = <T extends Case<Named>>(choices: Choices, cases: readonly T[]): readonly T[] =>
  cases.filter((one) => contestants(choices, one, ['left']).length > 0);

/** Contests whose winner is that of another, until it is measured. */
export const borrowed = <T extends Case<Named>>(choices: Choices, cases: readonly T[]): readonly T[] =>
  cases.filter((one) => choices.has(openKey(one.key, 'borrowed')) && contestants(choices, one).length > 0);

/**
 * The winners of cases that differ from one only in size, the nearest first: those whose key `like` matches as a whole, a size
 * being the product of the numbers that it captures.
 */
export function nearestChoices(
  choices: Choices,
  like: RegExp,
  size: number,
  isAlike: (size: number) => boolean = () => true,
): readonly string[] {
  const found: { readonly name: string; readonly distance: number }[] = [];
  for (const [key, name] of choices) {
    const sizes = like.exec(key)?.slice(1).map(Number);
    if (sizes === undefined) continue;
    const here = sizes.reduce((product, one) => product * one, 1);
    if (isAlike(here)) found.push({ name, distance: Math.abs(Math.log(here / size)) });
  }
  return found.sort((a, b) => a.distance - b.distance).map(({ name }) => name);
}

/** Choices as they are kept between visits; `recallChoices` takes back only what it understands. */
export const keptChoices = (gpu: Gpu): Readonly<Record<string, string>> => Object.fromEntries(gpu.choices);

/** Takes what a browser kept, which may be anything: of it, variants of these names. */
export function recallChoices(gpu: Gpu, kept: unknown, names: ReadonlySet<string>): void {
  const entries = typeof kept === 'object' && kept !== null ? Object.entries(kept) : [];
  for (const [key, value] of entries) {
    if (typeof value !== 'string') continue;
    const isNote = reasons.some((why) => key.endsWith(openKey('', why)));
    const known = isNote ? value.split(',').every((name) => names.has(name)) : names.has(value);
    if (known) gpu.choices.set(key, value);
  }
}
