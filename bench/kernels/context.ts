import type { Ours } from './libraries/ours.ts';
import type { Library, Roofline, Row } from './types.ts';

/** What a section works with. */
export interface Bench {
  readonly ours: Ours;
  /** Ours first. */
  readonly libraries: readonly Library[];
  readonly runs: number;
  readonly roofline: Roofline;
  /** Says something to whoever waits. */
  readonly tell: (line: string) => void;
  /** Throws where WebGPU found fault with anyone's work since the bench began: its times mean nothing. */
  readonly checkErrors: () => void;
  readonly tellRow: (row: Row) => void;
}
