import type { LibraryName, Prepared } from './types.ts';

/** A library whose first run takes this share of a row's patience gets fewer runs; three at least. */
const patienceMs = 12_000;
const fewestRuns = 3;

/** A first run longer than this is warm-up enough. */
const quickMs = 1_000;

/** How many of `runs` a library gets when one takes `warmUpMs`. */
export const runsFor = (runs: number, warmUpMs: number): number =>
  Math.min(runs, Math.max(fewestRuns, Math.floor(patienceMs / Math.max(1, warmUpMs))));

/** Inputs of a row: the run r takes set r mod this. */
export const inputSets = 3;

/**
 * Times the contenders of one row in turns, so that whatever else the machine does meets all alike: run 0 of each, run 1
 * of each, ... and the order turns by one each run. The warm-up, a run or two of each, is not counted. Returns ms by run.
 */
export async function interleave(
  contenders: ReadonlyMap<LibraryName, Prepared>,
  runs: number,
): Promise<Map<LibraryName, number[]>> {
  const allowed = new Map<LibraryName, number>();
  const times = new Map<LibraryName, number[]>();
  for (const [name, prepared] of contenders) {
    let took = await timeOf(prepared, 0); // compiles, unless the result was asked for before
    if (took < quickMs) took = await timeOf(prepared, 1);
    allowed.set(name, runsFor(runs, took));
    times.set(name, []);
  }
  const names = [...contenders.keys()];
  for (let run = 0; run < runs; run++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + run) % names.length];
      const prepared = contenders.get(name);
      const mine = times.get(name);
      if (prepared === undefined || mine === undefined || run >= (allowed.get(name) ?? 0)) continue;
      mine.push(await timeOf(prepared, run % inputSets));
    }
  }
  return times;
}

async function timeOf(prepared: Prepared, set: number): Promise<number> {
  const start = performance.now();
  await prepared.run(set);
  return performance.now() - start;
}
