import type { Digest } from '../base/ids.ts';
import type { TextProblem } from '../data/own-text-limits.ts';
import type { TextProgress } from '../data/own-text.ts';
import type { PresetName } from '../model/config.ts';
import type { RunStart } from './start-weights.ts';

export type { TextProblem, TextProgress };

/** Weights a run starts from: every volunteer of it keeps them for the others, and `micro` has 41 MB. */
export const mostStartBytes = 64 << 20;

/** Files of a model may be so long together: the weights, and what describes them. */
export const mostModelBytes = mostStartBytes + (8 << 20);

export const tooLongModel = 'That is more than a run can start from here: micro, with 41 MB, is the largest.';

/** A text of one's own that this browser keeps, ready for a run to name. */
export interface CutText {
  /** The corpus id. */
  readonly corpus: Digest;
  readonly files: number;
  readonly trainBytes: number;
  readonly validationBytes: number;
}

/** Makes texts of files: the page's way to whoever cuts and keeps them. */
export interface TextDesk {
  /** Cuts files into a text and keeps it in this browser. Rejects with a StarlingError where that cannot be. */
  cut(
    files: readonly File[],
    tell: (progress: TextProgress) => void,
  ): Promise<
    { readonly ok: true; readonly value: CutText } | { readonly ok: false; readonly problem: TextProblem }
  >;
}

/** A model that this browser keeps, ready for a run to start from. */
export interface CutModel {
  readonly start: RunStart;
  /** The size of run that it fits. */
  readonly preset: PresetName;
  /** What was found that one should know: sentences. */
  readonly notes: readonly string[];
}

/** Reads models from folders: the page's way to whoever reads and keeps them. */
export interface ModelReader {
  /**
   * Reads the files of a folder in the Hugging Face Llama layout, or a .tar of it, and keeps the model in this browser. `reason`: a
   * sentence for people. Rejects with a StarlingError where it cannot be kept.
   */
  read(
    files: readonly File[],
  ): Promise<
    { readonly ok: true; readonly value: CutModel } | { readonly ok: false; readonly reason: string }
  >;
}
