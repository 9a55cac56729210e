/** What one dispatch may take: a desktop drawn by the same GPU waits that long for its next picture at worst. */
export const longestAllowedMs = 50;

/** How a volunteer's GPU takes a micro-batch. All plans compute the same gradients. */
export interface GpuPlan {
  /** Sequences of a micro-batch, and of one of its pieces: what the GPU computes at once. */
  readonly microBatch: number;
  readonly batch: number;
  /** Activations are computed a second time instead of kept. */
  readonly recomputes: boolean;
  /** The longest dispatch of a piece, in ms, as measured when the model was set up; undefined until then. */
  readonly longestDispatchMs: number | undefined;
  /** What was done, and why: sentences for people. None where the GPU takes micro-batches whole. */
  readonly notes: readonly string[];
}

/** What a plan came about by. */
export interface PlanFacts extends Omit<GpuPlan, 'notes'> {
  /** Sequences of a piece that are as quick as they should be, memory aside. */
  readonly quickBatch: number;
  /** The longest dispatch of the whole micro-batch at once, where that was measured. */
  readonly wholeMs: number | undefined;
  readonly software: boolean;
}

/**
 * Sequences of a piece such that its longest dispatch takes 50 ms at most, of a micro-batch of `batch` whose longest takes
 * `longestMs`: every dispatch of a pass works on rows, so its time goes with them. One, where even that is too long.
 */
export function quickBatch(longestMs: number, batch: number): number {
  let pieces = Math.max(1, Math.min(batch, Math.ceil(longestMs / longestAllowedMs)));
  while (batch % pieces !== 0) pieces++;
  return batch / pieces;
}

/** A plan with its sentences. */
export function planOf({ quickBatch: quick, wholeMs, software, ...plan }: PlanFacts): GpuPlan {
  const { microBatch, batch, recomputes, longestDispatchMs } = plan;
  const notes: string[] = [];
  const pieces = (size: number): string => `in ${microBatch / size} pieces of ${counted(size, 'sequence')}`;
  if (quick < microBatch && wholeMs !== undefined) {
    notes.push(
      `A micro-batch is taken ${pieces(quick)}, because one calculation on the whole took ${Math.round(wholeMs)} ms and ${longestAllowedMs} ms is the most.`,
    );
  }
  if (recomputes) {
    const smaller = batch < quick ? `, and a micro-batch is taken ${pieces(batch)}` : '';
    notes.push(
      `The GPU has too little memory for ${counted(quick, 'sequence')} at once: intermediate values are computed twice instead of kept${smaller}.`,
    );
  }
  // Nothing is drawn by a CPU that stands in for a GPU.
  if (!software && batch === 1 && (longestDispatchMs ?? 0) > longestAllowedMs) {
    notes.push(
      `Even for one sequence a single calculation takes ${Math.round(longestDispatchMs ?? 0)} ms: the desktop may stutter. A run of a smaller preset would not do that.`,
    );
  }
  return { ...plan, notes };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
