import type { Entrant } from './entrant.ts';

/** Every variant is tried so often in turn, so that a machine that is busy for a moment does no variant an injustice. */
const turns = 3;
/** A submit holds as many runs as fill about that long: short ones drown in the cost of a submit. */
const submitMs = 4;
const mostInSubmit = 64;
/** ms: nor is one longer, should the cost of a submit be taken for more than it is. */
const longestSubmit = 100;
/** One that is this much slower in a turn, where all are timed alike, will not catch up. */
const behind = 1.5;

/** An entrant that runs here, and how fast. */
export interface Measured {
  readonly entrant: Entrant;
  readonly compileMs: number;
  /** Of a run in a submit of its own: more than it takes by what a submit costs, which is the same for all. */
  readonly aloneMs: number;
  /** Of a run among others in a submit, as many for all who were timed so. */
  togetherMs?: number;
}

/**
 * Times those that are not far behind alone by submits of as many runs each, as far as the time reaches. A turn that not all had
 * says nothing, unless its times are of the kind of those before.
 */
export async function takeTurns(
  measured: readonly Measured[],
  timed: (entrant: Entrant, count: number) => Promise<number>,
  isOver: () => boolean,
): Promise<void> {
  if (measured.length === 0 || isOver()) return;
  const [{ entrant: first }] = measured;
  const emptyMs = Math.min(await timed(first, 0), await timed(first, 0));
  const shortest = Math.min(...measured.map(alone));
  const count = Math.ceil(
    Math.min(mostInSubmit, submitMs / Math.max(shortest - emptyMs, 0.05), longestSubmit / shortest),
  );
  if (count === 1) for (const one of measured) one.togetherMs = one.aloneMs;
  const farBehind = new Set(beyond(behind, measured, alone));
  for (let turn = 1; turn < turns; turn++) {
    const racing = measured.filter((one) => !farBehind.has(one));
    const times: number[] = [];
    for (const { entrant } of racing) {
      if (isOver()) break;
      times.push(await timed(entrant, count));
    }
    if (times.length < racing.length && racing.some(({ togetherMs }) => togetherMs === undefined)) return;
    for (const [index, ms] of times.entries())
      racing[index].togetherMs = Math.min(together(racing[index]), ms);
    for (const one of beyond(behind, racing, together)) farBehind.add(one);
  }
}

export const alone = ({ aloneMs }: Measured): number => aloneMs;
export const together = ({ togetherMs = Infinity }: Measured): number => togetherMs;

/** Those that take longer than `factor` times the best, by one kind of time; who has none of that kind is not among them. */
export function beyond(
  factor: number,
  all: readonly Measured[],
  time: (one: Measured) => number,
): Measured[] {
  const best = Math.min(...all.map(time));
  return all.filter((one) => time(one) < Infinity && time(one) > factor * best);
}
