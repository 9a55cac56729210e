import type { Clock } from '../base/clock.ts';
import type { Gpu } from './gpu.ts';
import type { Dispatch } from './kernel.ts';

/** A dispatch that takes longer is measured twice: the first time may have been someone else's. */
const doubtfulMs = 20;

/** The dispatch that kept the GPU busy longest. */
export interface LongestDispatch {
  /** Of its kernel. */
  readonly name: string;
  readonly ms: number;
}

/**
 * Runs dispatches one by one, each awaited, and tells which took longest; those of one kernel and size only once. Includes the
 * way to the GPU and back, so short ones look longer than they are. None is begun after `budgetMs`.
 */
export async function longestDispatch(
  gpu: Gpu,
  dispatches: readonly Dispatch[],
  { clock, budgetMs }: { readonly clock: Clock; readonly budgetMs: number },
): Promise<LongestDispatch> {
  const time = async (dispatch: Dispatch): Promise<number> => {
    const start = clock.now();
    gpu.submit([dispatch]);
    await gpu.idle();
    return clock.now() - start;
  };
  const endMs = clock.now() + budgetMs;
  const seen = new Set<string>();
  let longest: LongestDispatch = { name: '', ms: 0 };
  for (const dispatch of dispatches) {
    const { kernel, groups, tensors } = dispatch;
    const key = [kernel, ...groups, ...tensors.map(({ length }) => length)].join();
    if (seen.has(key)) continue;
    if (clock.now() >= endMs) break;
    seen.add(key);
    let ms = await time(dispatch);
    if (ms > doubtfulMs) ms = Math.min(ms, await time(dispatch));
    if (ms > longest.ms) longest = { name: kernel, ms };
  }
  return longest;
}
