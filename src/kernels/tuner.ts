import type { Clock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import { contestants, noteChoice } from './choices.ts';
import type { Entrant } from './entrant.ts';
import { alone, beyond, takeTurns, together, type Measured } from './turns.ts';

/** A case of an op that has variants: the same work, done by each. */
export interface Contest {
  /** Where the winner is noted: `Gpu.choices`. */
  readonly key: string;
  /** The first is what is taken where none was measured, or nearly. */
  readonly entrants: readonly Entrant[];
  /** Cases for which its winner stands unless they are measured in the same visit. */
  readonly like?: readonly string[];
  /** Has a part of the family's time to itself; those that do not take what is left, one after the other. */
  readonly leads?: boolean;
}

/** Contests that share a part of the time, in the order in which they are held. */
export interface Family {
  /** Operations of a step that they decide about. */
  readonly work: number;
  readonly contests: readonly Contest[];
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
}

export interface TunerOptions {
  readonly clock: Clock;
  /** No measurement begins after this; the longest there is goes on beyond it. */
  readonly budgetMs: number;
}

/**
 * A variant that stays this much slower than the best of one contest, or is given up by its compile time, is not tried in
 * others of the family.
 */
const hopeless = 3;
/** ms: what else a first run may have to do does not count against so much. */
const longRun = 20;
/** A contest that was begun compares so many, whatever the time: the best so far, and one that was left out. */
const least = 2;
/** What compiling costs is spread over so many uses: a run is thousands, but its first minute counts too. */
const usesOfPipeline = 500;
/** The part of the time that a compiler may take for one variant, where there is another to go on with. */
const longestCompile = 0.3;
/** The part of the time that a family has at least. */
const leastShare = 0.1;

/**
 * Measures which variant does each case fastest on this device, and notes it in `choices`. Each family has a part of the time by
 * its work, in the order given; what one leaves over is the next one's, and at last that of contests that were cut short. One that
 * is cut short notes the best so far and whom it left out, for the next visit. Returns what was measured.
 */
export async function tune(
  choices: Map<string, string>,
  families: readonly Family[],
  { clock, budgetMs }: TunerOptions,
): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  const start = clock.now();
  const shares = families.map(({ work }, _, { length }) => {
    const all = families.reduce((sum, one) => sum + one.work, 0);
    return leastShare + (1 - leastShare * length) * (all > 0 ? work / all : 1 / length);
  });
  const dropped = families.map(() => new Set<string>());
  const standIns = new Set<string>();
  const hold = async (index: number, endMs: number): Promise<void> => {
    const { contests } = families[index];
    for (const [at, contest] of contests.entries()) {
      if (clock.now() >= endMs) return;
      const { key, like = [] } = contest;
      const parts = Math.max(1, contests.slice(at).filter(({ leads }) => leads).length);
      const open = contestants(choices, contest);
      const entrants = standIns.has(key) ? bestFirst(contest.entrants, choices.get(key)) : open;
      const here = await compare(choices, { key, entrants }, dropped[index], {
        ...{ clock, endMs: clock.now() + (endMs - clock.now()) / parts },
        ...{ lastMs: start + budgetMs, longestMs: longestCompile * budgetMs },
      });
      trials.push(...here);
      const winner = choices.get(key);
      if (winner === undefined || here.length === 0) continue;
      standIns.delete(key);
      for (const other of like) {
        if (choices.has(other)) continue;
        noteChoice(choices, other, winner, []);
        standIns.add(other);
      }
    }
  };
  try {
    let endMs = start;
    for (let index = 0; index < families.length; index++) {
      endMs += shares[index] * budgetMs;
      await hold(index, endMs);
    }
    for (let index = 0; index < families.length; index++) await hold(index, start + budgetMs);
  } finally {
    for (const family of families) family.free();
  }
  return trials;
}

const bestFirst = (entrants: readonly Entrant[], best: string | undefined): readonly Entrant[] =>
  [...entrants].sort((a, b) => Number(b.name === best) - Number(a.name === best));

interface Times {
  readonly clock: Clock;
  /** When no measurement begins any more, and when no compiler is waited for any more. */
  readonly endMs: number;
  readonly lastMs: number;
  /** That a variant may take to compile. */
  readonly longestMs: number;
}

/** Notes the best of a few turns of each entrant, as far as the time reaches; none if it does not reach the first. */
async function compare(
  choices: Map<string, string>,
  { key, entrants }: Contest,
  dropped: Set<string>,
  { clock, endMs, lastMs, longestMs }: Times,
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
  for (const entrant of entrants) {
    const { name } = entrant;
    if (dropped.has(name) && name !== before) continue;
    if (measured.length >= least && clock.now() >= endMs) {
      left.push(name);
      continue;
    }
    try {
      const start = clock.now();
      const remainingMs = measured.length < least ? Infinity : Math.max(0, lastMs - start);
      const isFirst = measured.length === 0;
      const limitMs = isFirst ? Math.max(longestMs, lastMs - start) : Math.min(longestMs, remainingMs);
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
      const firstMs = await timed(entrant, 1);
      const ms = firstMs >= longRun ? firstMs : await timed(entrant, 1);
      measured.push({ entrant, compileMs: compiledMs + Math.max(0, firstMs - ms), aloneMs: ms });
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
  noteChoice(choices, key, best.variant, left);
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
