import type { Clock } from '../base/clock.ts';
import type { Gpu } from './gpu.ts';
import type { Dispatch } from './kernel.ts';

/** Of the workgroups, a part as small is run first. */
const firstShare = 64;
/**
 * What takes this part of the limit tells of the rest; of what is shorter more is run, to take about as much. Few workgroups do not fill a GPU,
 * so that several more take no longer than one: what they tell, times their share, would be too much by far.
 */
const telling = 0.5;

export interface DispatchTime {
  /** One of its kind. */
  readonly dispatch: Dispatch;
  /** Of all its workgroups. */
  readonly ms: number;
}

export interface TimingOptions {
  readonly clock: Clock;
  /** None is begun after this. */
  readonly budgetMs: number;
  /** What a dispatch may take. */
  readonly limitMs: number;
}

/**
 * How long dispatches take, one of each kind, and those kinds for which there was no time. They are run one by one, each awaited:
 * all kinds by a 64th of their workgroups, then more of those that this was too short to tell of, so that
 * the cheapest to know come first, and nothing is run for much longer than `limitMs` to find that it takes longer. What is known of a
 * part only counts as many times as the whole is larger. Includes the way to the GPU and back, so short ones look longer
 * than they are.
 */
export async function dispatchTimes(
  gpu: Gpu,
  dispatches: readonly Dispatch[],
  { clock, budgetMs, limitMs }: TimingOptions,
): Promise<{ measured: readonly DispatchTime[]; unmeasured: readonly Dispatch[] }> {
  const endMs = clock.now() + budgetMs;
  const kinds = [...new Map(dispatches.map((dispatch) => [dispatch.kind, dispatch])).values()];
  const known = new Map<Dispatch, number>();
  const share = (dispatch: Dispatch): number => Math.ceil(longestSide(dispatch) / firstShare);
  let open = kinds.map((dispatch) => ({ dispatch, length: share(dispatch) }));
  while (open.length > 0 && clock.now() < endMs) {
    const next: typeof open = [];
    for (const { dispatch, length } of open) {
      if (clock.now() >= endMs) break;
      const whole = longestSide(dispatch);
      const some = firstGroups(dispatch, length);
      let ms = await timeOf(gpu, some, clock);
      // The first time may have been someone else's.
      if ((ms * whole) / length > limitMs) ms = Math.min(ms, await timeOf(gpu, some, clock));
      known.set(dispatch, (ms * whole) / length);
      if (length === whole || ms >= telling * limitMs) continue;
      const times = Math.max(2, Math.ceil((telling * limitMs) / ms));
      next.push({ dispatch, length: Math.min(whole, times * length) });
    }
    open = next;
  }
  const measured = [...known].map(([dispatch, ms]) => ({ dispatch, ms }));
  return { measured, unmeasured: kinds.filter((dispatch) => !known.has(dispatch)) };
}

/** Of a submit with nothing else in it, there and back. */
export async function timeOf(gpu: Gpu, dispatch: Dispatch, clock: Clock): Promise<number> {
  const start = clock.now();
  gpu.submit([dispatch]);
  await gpu.idle();
  return clock.now() - start;
}

const longestSide = ({ groups }: Dispatch): number => Math.max(...groups);

/** The first workgroups along the longest side only, by the same pipeline. */
function firstGroups(dispatch: Dispatch, length: number): Dispatch {
  const [x, y, z] = dispatch.groups;
  const axis = dispatch.groups.indexOf(longestSide(dispatch));
  const groups = [axis === 0 ? length : x, axis === 1 ? length : y, axis === 2 ? length : z] as const;
  return { ...dispatch, groups, kind: `first ${length} of ${dispatch.kind}` };
}
