import type { PresetName } from '../model/config.ts';
import type { Precision } from '../model/precision.ts';
import { isRoomName } from '../volunteer/run-choice.ts';
import { runBounds } from '../volunteer/run-plan.ts';

/** What an address may ask for: `?run=room&preset=nano&seed=1&volunteers=3&rounds=300&k=8&rate=100&precision=f32`. */
export interface PageOptions {
  /** The room: everyone with the same address and room trains one model. */
  readonly room: string;
  readonly preset: PresetName | 'auto';
  /** With a seed, every volunteer does a fixed amount of work a round. */
  readonly seed: number | undefined;
  readonly volunteers: number;
  readonly rounds: number | undefined;
  /** Coefficients of a block that leave in a round, and percent of the usual learning rate; undefined: what is usual. */
  readonly k?: number | undefined;
  readonly ratePercent?: number | undefined;
  /** What this volunteer computes gradients in; undefined: what its GPU does best. */
  readonly precision: Precision | undefined;
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

const wholeNumber = (text: string | null, { least, most }: Bounds): number | undefined => {
  if (text === null || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
};

const precisions: readonly string[] = ['f32', 'mixed'] satisfies Precision[];
const presetNames: readonly string[] = ['nano', 'micro', 'small'] satisfies PresetName[];

/** Reads the options; whatever is absent or makes no sense takes its default. */
export function readPageOptions(search: string): PageOptions {
  const query = new URLSearchParams(search);
  const room = query.get('run') ?? '';
  const preset = query.get('preset') ?? '';
  const precision = query.get('precision') ?? '';
  return {
    room: isRoomName(room) ? room : 'main',
    preset: presetNames.includes(preset) ? (preset as PresetName) : 'auto',
    seed: wholeNumber(query.get('seed'), { least: 0, most: 0xffffffff }),
    volunteers: wholeNumber(query.get('volunteers'), runBounds.volunteers) ?? 1,
    rounds: wholeNumber(query.get('rounds'), runBounds.rounds),
    k: wholeNumber(query.get('k'), runBounds.k),
    ratePercent: wholeNumber(query.get('rate'), runBounds.ratePercent),
    precision: precisions.includes(precision) ? (precision as Precision) : undefined,
  };
}
