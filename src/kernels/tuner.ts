import type { Clock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import { borrowed, contestants, noteChoice, undecided, type Open } from './choices.ts';
import type { Entrant } from './entrant.ts';
import { alone, beyond, takeTurns, together, type Measured } from './turns.ts';

/** A case of an op that has variants: the same work, done by each. */
export interface Contest {
  /** Where the winner is noted: `Gpu.choices`. */
  readonly key: string;
  /** The first is what is taken where none was measured, or nearly. */
  readonly entrants: readonly Entrant[];
  /** Cases of the family that borrow its winner until they are measured. */
  readonly like?: readonly string[];
  /** Has a part of the family's time to itself; those that do not take what is left, one after the other. */
  readonly leads?: boolean;
}

/** Contests that share a part of the time, in the order in which they are held. */
export interface Family {
  /** Operations of a step that they decide about. */
  readonly work: number;
  readonly contests: readonly Contest[];
  /** Makes what is run on, where any contest is held. Throws StarlingError `gpu-out-of-memory`: then none is. */
  prepare(): Promise<void>;
  /** Frees what was run on. */
  free(): void;
}

/** What was measured of one case by one variant. */
export interface Trial {
  readonly key: string;
  readonly variant: string;
  /** Of one run, the best of its turns, and its share in compiling; infinite where there was a problem. */
  readonly ms: number;
  /** Why it cannot be used here. */
  readonly problem?: string;
  /** Nothing of the family was measured, for want of what it is run on. */
  readonly isSkipped?: true;
}

export interface TunerOptions {
  readonly clock: Clock;
  /** No measurement begins after this; the longest there is goes on beyond it. */
  readonly budgetMs: number;
  /** What a compiler may take for one variant, where there is another to go on with: 30 % of the budget unless given. */
  readonly compileMs?: number;
}

/**
 * A variant that stays this much slower than the best of one contest, or is given up by its compile time, is not tried in
 * others of the family.
 */
const hopeless = 3;
/** ms: what else a first run may have to do does not count against so much. */
const longRun = 20;
/** A contest that was begun tries so many, whatever the time: the best so far, and one that was left out. */
const least = 2;
/** What compiling costs is spread over so many uses: a run is thousands, but its first minute counts too. */
const usesOfPipeline = 500;
/** The part of the time that a compiler may take for one variant unless it is given. */
const longestCompile = 0.3;
/** The part of the time that a family has at least. */
const leastShare = 0.1;

/**
 * Measures which variant does each case fastest on this device, and notes it in `choices`. Each family has a part of the time by
 * its work, in the order given; what one leaves over is the next one's, and at last that of contests that were cut short. Then come
 * those whose winner is borrowed. One that is cut short notes the best so far and whom it left out, for the next visit. A family
 * that cannot be prepared is left as it is. Returns what was measured.
 */
export async function tune(
  choices: Map<string, string>,
  families: readonly Family[],
  { clock, budgetMs, compileMs = longestCompile * budgetMs }: TunerOptions,
): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  const start = clock.now();
  const lastMs = start + budgetMs;
  const shares = families.map(({ work }, _, { length }) => {
    const all = families.reduce((sum, one) => sum + one.work, 0);
    return leastShare + (1 - leastShare * length) * (all > 0 ? work / all : 1 / length);
  });
  const dropped = families.map(() => new Set<string>());
  const prepared = new Map<Family, Promise<boolean>>();
  const prepare = async (family: Family): Promise<boolean> => {
    try {
      await family.prepare();
      return true;
    } catch (thrown) {
      const problem = describeError(thrown);
      for (const { key, entrants } of [
        ...undecided(choices, family.contests),
        ...borrowed(choices, family.contests),
      ])
        trials.push({ key, variant: entrants[0].name, ms: Infinity, problem, isSkipped: true });
      return false;
    }
  };
  const hold = async (index: number, endMs: number, why: Open): Promise<void> => {
    const family = families[index];
    const { contests } = family;
    const openOf = why === 'left' ? undecided : borrowed;
    for (const [at, contest] of contests.entries()) {
      lend(choices, contest, contests, { dropped: dropped[index], isNew: false });
      if (openOf(choices, [contest]).length === 0) continue;
      if (clock.now() >= endMs) return;
      if (!prepared.has(family)) prepared.set(family, prepare(family));
      if (!(await prepared.get(family))) return;
      const parts = openOf(choices, contests.slice(at)).filter(({ leads }) => leads).length;
      const entrants = contestants(choices, contest);
      const here = await compare(choices, { ...contest, entrants }, dropped[index], {
        ...{ clock, endMs: clock.now() + (endMs - clock.now()) / Math.max(1, parts), why },
        ...{ lastMs, longestMs: compileMs },
      });
      trials.push(...here);
      lend(choices, contest, contests, { dropped: dropped[index], isNew: here.length > 0 });
    }
  };
  try {
    let endMs = start;
    for (let index = 0; index < families.length; index++) {
      endMs += shares[index] * budgetMs;
      await hold(index, endMs, 'left');
    }
    for (const why of ['left', 'borrowed'] as const)
      for (let index = 0; index < families.length; index++) await hold(index, lastMs, why);
  } finally {
    for (const family of families) family.free();
  }
  return trials;
}

/** Contests like one that has a winner take it over where they have none, and, if it is new, where theirs is borrowed. */
function lend(
  choices: Map<string, string>,
  { key, like = [] }: Contest,
  contests: readonly Contest[],
  { dropped, isNew }: { readonly dropped: ReadonlySet<string>; readonly isNew: boolean },
): void {
  const winner = choices.get(key);
  for (const other of contests.filter((one) => like.includes(one.key))) {
    const names = other.entrants.map(({ name }) => name);
    const isFree = !choices.has(other.key) || (isNew && borrowed(choices, [other]).length > 0);
    if (winner === undefined || !isFree || choices.get(other.key) === winner || !names.includes(winner))
      continue;
    const others = names.filter((name) => name !== winner && !dropped.has(name));
    noteChoice(choices, other.key, winner, others, 'borrowed');
  }
}

interface Times {
  readonly clock: Clock;
  /** When no measurement begins any more, and when no compiler is waited for any more. */
  readonly endMs: number;
  readonly lastMs: number;
  /** That a variant may take to compile. */
  readonly longestMs: number;
  /** Why the contest is held, and whoever is left out was not measured. */
  readonly why: Open;
}

/** Notes the best of a few turns of each entrant, as far as the time reaches; none if it does not reach the first. */
async function compare(
  choices: Map<string, string>,
  { key, entrants }: Contest,
  dropped: Set<string>,
  { clock, endMs, lastMs, longestMs, why }: Times,
): Promise<Trial[]> {
  const trials: Trial[] = [];
  const measured: Measured[] = [];
  const left: string[] = [];
  const timed = async (entrant: Entrant, count: number): Promise<number> => {
    const start = clock.now();
    await entrant.run(count);
    return (clock.now() - start) / Math.max(1, count);
  };
  const before = choices.get(key);
  let tried = 0;
  for (const entrant of entrants) {
    const { name } = entrant;
    if (dropped.has(name) && name !== before) continue;
    if (tried >= least && clock.now() >= endMs) {
      left.push(name);
      continue;
    }
    try {
      const start = clock.now();
      const remainingMs = tried++ < least ? Infinity : Math.max(0, lastMs - start);
      const isFirst = measured.length === 0;
      // A borrowed winner is needed, so waiting for it is no loss, and not to wait would be no progress.
      const firstMs = why === 'borrowed' ? Infinity : Math.max(longestMs, lastMs - start);
      const limitMs = isFirst ? firstMs : Math.min(longestMs, remainingMs);
      if (!(await within(clock, limitMs, entrant.compile()))) {
        // What is taken where nothing was measured goes on compiling: it will be needed.
        if (isFirst) return trials;
        entrant.abandon();
        if (limitMs < longestMs) left.push(name);
        else {
          dropped.add(name);
          trials.push({ key, variant: name, ms: Infinity, problem: 'it takes too long to compile' });
        }
        continue;
      }
      const compiledMs = clock.now() - start;
      const onceMs = await timed(entrant, 1);
      const ms = onceMs >= longRun ? onceMs : await timed(entrant, 1);
      measured.push({ entrant, compileMs: compiledMs + Math.max(0, onceMs - ms), aloneMs: ms });
    } catch (thrown) {
      entrant.abandon();
      trials.push({ key, variant: name, ms: Infinity, problem: describeError(thrown) });
    }
  }
  await takeTurns(measured, timed, () => clock.now() >= endMs);
  // Who was not timed together was far behind alone, and alone is never less: the comparison holds.
  for (const { entrant, aloneMs, togetherMs = aloneMs, compileMs } of measured)
    trials.push({ key, variant: entrant.name, ms: togetherMs + compileMs / usesOfPipeline });
  const [best] = trials.filter(({ ms }) => ms < Infinity).sort((a, b) => a.ms - b.ms);
  if (best === undefined) return trials;
  for (const time of [alone, together])
    for (const one of beyond(hopeless, measured, time))
      if (one.entrant.isParticular !== true) dropped.add(one.entrant.name);
  noteChoice(choices, key, best.variant, left, why);
  return trials;
}

/** Whether it came about in time. Later errors are nobody's. */
async function within(clock: Clock, limitMs: number, work: Promise<void>): Promise<boolean> {
  if (limitMs === Infinity) {
    await work;
    return true;
  }
  let cancel = (): void => undefined;
  const late = new Promise<boolean>((resolve) => {
    cancel = clock.after(limitMs, () => {
      resolve(false);
    });
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    cancel();
  }
}
