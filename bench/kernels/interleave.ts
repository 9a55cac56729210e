import type { LibraryName, Prepared } from './types.ts';

/** A library whose first run takes this share of a row's patience gets fewer runs; three at least. */
const patienceMs = 12_000;
const fewestRuns = 3;

/** How many of `runs` a library gets when one takes `warmUpMs`. */
export const runsFor = (runs: number, warmUpMs: number): number =>
  Math.min(runs, Math.max(fewestRuns, Math.floor(patienceMs / Math.max(1, warmUpMs))));

/** Inputs of a row: the run r takes set r mod this. */
export const inputSets = 3;

/**
 * Times the contenders of one row in turns, so that whatever else the machine does meets all alike: run 0 of each, run 1
 * of each, ... and the order turns by one each run. The two warm-up runs of each are not counted. Returns ms by run.
 */
export async function interleave(
  contenders: ReadonlyMap<LibraryName, Prepared>,
  runs: number,
): Promise<Map<LibraryName, number[]>> {
  const allowed = new Map<LibraryName, number>();
  const times = new Map<LibraryName, number[]>();
  for (const [name, prepared] of contenders) {
    await prepared.run(0); // compiles
    const start = performance.now();
    if (runsFor(runs, 0) > 0) await prepared.run(1 % inputSets);
    allowed.set(name, runsFor(runs, performance.now() - start));
    times.set(name, []);
  }
  const names = [...contenders.keys()];
  for (let run = 0; run < runs; run++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + run) % names.length];
      const prepared = contenders.get(name);
      const mine = times.get(name);
      if (prepared === undefined || mine === undefined || run >= (allowed.get(name) ?? 0)) continue;
      const start = performance.now();
      await prepared.run(run % inputSets);
      mine.push(performance.now() - start);
    }
  }
  return times;
}
