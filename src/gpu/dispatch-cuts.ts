import { StarlingError } from '../base/errors.ts';
import { dispatchTimes, timeOf, type TimingOptions } from './dispatch-times.ts';
import type { Gpu } from './gpu.ts';
import type { Dispatch } from './kernel.ts';

/** Of the limit, so much is aimed at: times vary, and parts of equal size do not take equally long. */
const aimed = 0.8;
/** Parts are made smaller so many times at most. */
const attempts = 3;

/** What became of dispatches that would take too long. */
export interface CutReport {
  /** Kinds of dispatch that were timed, and of them, those that are cut. */
  readonly kinds: number;
  readonly cut: number;
  /** The most parts of one. */
  readonly parts: number;
  /** The longest as it would be whole, and as it is run from now on. */
  readonly whole: LongestDispatch;
  readonly longest: LongestDispatch;
  /** Kernels of which there was no time to measure a kind, which may take any time. */
  readonly unmeasured: readonly string[];
}

export interface LongestDispatch {
  /** Of its kernel. */
  readonly name: string;
  readonly ms: number;
}

/**
 * Times `dispatches`, one of each kind, and has those that take longer than `limitMs` run in parts from now on, `gpu.kernels.parts`,
 * as many as it takes by what was measured. A kind whose parts still take too long, or cannot be compiled, stays the longest. Parts are
 * timed for `budgetMs` more; after that they count as what their share is. Everything has to be compiled; what is compiled for parts
 * is, when this ends.
 */
export async function cutLongDispatches(
  gpu: Gpu,
  dispatches: readonly Dispatch[],
  options: TimingOptions,
): Promise<CutReport> {
  const { clock, budgetMs, limitMs } = options;
  const { measured, unmeasured } = await dispatchTimes(gpu, dispatches, options);
  const { parts } = gpu.kernels;
  for (const { dispatch } of measured) parts.delete(dispatch.kind);
  const now = new Map(measured.map(({ dispatch, ms }) => [dispatch, ms]));
  const endMs = clock.now() + budgetMs;
  let long = measured.filter(({ dispatch, ms }) => ms > limitMs && groupsOf(dispatch) > 1);
  for (let attempt = 0; attempt < attempts && long.length > 0; attempt++) {
    for (const { dispatch, ms } of long) {
      const before = parts.get(dispatch.kind) ?? 1;
      const count = Math.min(groupsOf(dispatch), Math.ceil((before * ms) / (aimed * limitMs)));
      parts.set(dispatch.kind, count);
      now.set(dispatch, (before * ms) / count);
    }
    const compiled = await Promise.all(long.map(({ dispatch }) => compileParts(gpu, dispatch)));
    const next: typeof long = [];
    for (const [index, { dispatch }] of long.entries()) {
      const count = parts.get(dispatch.kind) ?? 1;
      if (!compiled[index]) {
        now.set(dispatch, count * (now.get(dispatch) ?? 0));
        parts.delete(dispatch.kind);
        continue;
      }
      if (clock.now() >= endMs) continue;
      const ms = await longestPart(gpu, dispatch, options);
      now.set(dispatch, ms);
      if (ms > limitMs && count < groupsOf(dispatch)) next.push({ dispatch, ms });
    }
    long = next;
  }
  const cut = measured.filter(({ dispatch }) => parts.has(dispatch.kind));
  return {
    kinds: measured.length,
    cut: cut.length,
    parts: Math.max(1, ...cut.map(({ dispatch }) => gpu.kernels.partsOf(dispatch).length)),
    whole: longestOf(measured.map(({ dispatch, ms }) => [dispatch, ms])),
    longest: longestOf([...now]),
    unmeasured: [...new Set(unmeasured.map(({ kernel }) => kernel))],
  };
}

const groupsOf = ({ groups: [x, y, z] }: Dispatch): number => x * y * z;

/** Whether the parts can be run. */
async function compileParts(gpu: Gpu, dispatch: Dispatch): Promise<boolean> {
  const [first] = gpu.kernels.partsOf(dispatch); // all have one pipeline
  try {
    await first.compile();
    return true;
  } catch (thrown) {
    if (!(thrown instanceof StarlingError)) throw thrown;
    first.forget();
    return false;
  }
}

/** Of the first part, the last and one between: where some workgroups have more to do, these are at one end. */
async function longestPart(gpu: Gpu, dispatch: Dispatch, { clock, limitMs }: TimingOptions): Promise<number> {
  const all = gpu.kernels.partsOf(dispatch);
  let longest = 0;
  for (const index of new Set([0, all.length >> 1, all.length - 1])) {
    let ms = await timeOf(gpu, all[index], clock);
    if (ms > limitMs) ms = Math.min(ms, await timeOf(gpu, all[index], clock));
    longest = Math.max(longest, ms);
  }
  return longest;
}

function longestOf(times: readonly (readonly [Dispatch, number])[]): LongestDispatch {
  let longest: LongestDispatch = { name: '', ms: 0 };
  for (const [{ kernel }, ms] of times) if (ms > longest.ms) longest = { name: kernel, ms };
  return longest;
}
