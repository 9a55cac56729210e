import { planned } from '../../src/volunteer/run-estimate.ts';
import type { Preset } from './options.ts';

/** The deadline of a round, ms, in a run started with these wishes. */
export const deadlineMsOf = (preset: Preset, rounds: number): number =>
  planned(preset, undefined, rounds).roundDeadlineMs;
