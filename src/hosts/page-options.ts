import type { PresetName } from '../model/config.ts';
import type { Precision } from '../model/precision.ts';

/** What an address may ask for: `?run=room&preset=nano&seed=1&volunteers=3&rounds=300&precision=f32`. */
export interface PageOptions {
  /** The room: everyone with the same address and room trains one model. */
  readonly room: string;
  readonly preset: PresetName | 'auto';
  /** With a seed, every volunteer does a fixed amount of work a round. */
  readonly seed: number | undefined;
  readonly volunteers: number;
  readonly rounds: number | undefined;
  /** What this volunteer computes gradients in; undefined: what its GPU does best. */
  readonly precision: Precision | undefined;
}

const wholeNumber = (text: string | null, low: number, high: number): number | undefined => {
  if (text === null || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= low && value <= high ? value : undefined;
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
    room: /^[\w-]{1,64}$/.test(room) ? room : 'main',
    preset: presetNames.includes(preset) ? (preset as PresetName) : 'auto',
    seed: wholeNumber(query.get('seed'), 0, 0xffffffff),
    volunteers: wholeNumber(query.get('volunteers'), 1, 64) ?? 1,
    rounds: wholeNumber(query.get('rounds'), 1, 1_000_000_000),
    precision: precisions.includes(precision) ? (precision as Precision) : undefined,
  };
}
