import type { CutReport } from '../gpu/dispatch-cuts.ts';

/** What one dispatch may take: a desktop drawn by the same GPU waits that long for its next picture at worst. */
export const longestAllowedMs = 50;

/** How a volunteer's GPU takes a micro-batch. All plans compute the same gradients. */
export interface GpuPlan {
  /** Sequences of a micro-batch, and of one of its pieces: what the GPU computes at once. */
  readonly microBatch: number;
  readonly batch: number;
  /** Activations are computed a second time instead of kept. */
  readonly recomputes: boolean;
  /** The longest dispatch of a piece, cut up where it would be longer, in ms, as measured when the model was set up; undefined until then. */
  readonly longestDispatchMs: number | undefined;
  /** What was done, and why: sentences for people. None where the GPU takes micro-batches whole. */
  readonly notes: readonly string[];
}

/** What a plan came about by. */
export interface PlanFacts extends Omit<GpuPlan, 'notes'> {
  /** Sequences of a piece that are as quick as they should be, memory aside. */
  readonly quickBatch: number;
  /** The longest dispatch of the whole micro-batch at once, where that led to pieces. */
  readonly wholeMs: number | undefined;
  /** Which dispatches are cut up, where they were measured. */
  readonly cuts?: CutReport | undefined;
  readonly software: boolean;
}

/**
 * Sequences of a piece such that its longest dispatch takes 50 ms at most, of a micro-batch of `batch` whose longest takes
 * `longestMs`, though cut up as far as it goes: what is left is mostly the sum over all rows, so its time goes with them. One, where even
 * that is too long.
 */
export function quickBatch(longestMs: number, batch: number): number {
  let pieces = Math.max(1, Math.min(batch, Math.ceil(longestMs / longestAllowedMs)));
  while (batch % pieces !== 0) pieces++;
  return batch / pieces;
}

/** A plan with its sentences. */
export function planOf({ quickBatch: quick, wholeMs, software, cuts, ...plan }: PlanFacts): GpuPlan {
  const { microBatch, batch, recomputes } = plan;
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
  return { ...plan, notes: cuts === undefined ? notes : [...notes, ...cutNotes(cuts, software)] };
}

/** What was done so that no dispatch is too long, and what may be too long all the same. */
function cutNotes({ kinds, cut, parts, whole, longest, unmeasured }: CutReport, software: boolean): string[] {
  const notes: string[] = [];
  if (cut > 0) {
    notes.push(
      `Of ${counted(kinds, 'kind')} of calculation ${cut} ${cut === 1 ? 'is' : 'are'} done in up to ${parts} parts, because the longest (${whole.name}) took ${Math.round(whole.ms)} ms and ${longestAllowedMs} ms is the most.`,
    );
  }
  // Nothing is drawn by a CPU that stands in for a GPU.
  if (!software && longest.ms > longestAllowedMs) {
    notes.push(
      `A single calculation (${longest.name}) takes ${Math.round(longest.ms)} ms all the same: the desktop may stutter. A run of a smaller preset would not do that.`,
    );
  }
  if (unmeasured.length > 0) {
    notes.push(
      `There was no time to measure ${unmeasured.join(', ')}: these may take longer than ${longestAllowedMs} ms.`,
    );
  }
  return notes;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
