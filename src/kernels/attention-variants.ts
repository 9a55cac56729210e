import alone from '../../shaders/lib/head-alone.wgsl?raw';
import load from '../../shaders/lib/head-load.wgsl?raw';
import quad from '../../shaders/lib/head-quad.wgsl?raw';
import tile1 from '../../shaders/lib/head-tile1.wgsl?raw';
import tile4 from '../../shaders/lib/head-tile4.wgsl?raw';
import vector from '../../shaders/lib/head-vector.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { OptionalFeature } from '../gpu/device.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { AttentionShape } from './attention.reference.ts';
import { nearestChoices } from './choices.ts';
import type { StoredType } from './stored-type.ts';

/** A way to share the work of attention among threads. All give the same result within the promise. */
export interface AttentionVariant {
  readonly name: 'quad4' | 'quad1' | 'alone4' | 'alone1';
  readonly features: readonly OptionalFeature[];
  /** Queries, or keys, of one thread. */
  readonly rows: 1 | 4;
  /** What comes before the op's own shader. */
  readonly code: string;
}

/** Every variant: who loads a row (four lanes together, or each for itself), and how many of its own rows it meets there. */
export const attentionVariants: readonly AttentionVariant[] = [
  { name: 'quad4', features: ['subgroups'], rows: 4, code: `${vector}${load}${tile4}${quad}` },
  { name: 'quad1', features: ['subgroups'], rows: 1, code: `${vector}${load}${tile1}${quad}` },
  { name: 'alone4', features: [], rows: 4, code: `${vector}${load}${tile4}${alone}` },
  { name: 'alone1', features: [], rows: 1, code: `${vector}${load}${tile1}${alone}` },
];

/** Four rows of a larger head take a software adapter ten seconds to compile. */
const largestHeadOfFour = 64;

/** The variants that this device can run this head size by. */
export const attentionVariantsFor = (gpu: Gpu, { headSize }: Pick<AttentionShape, 'headSize'>) =>
  attentionVariants.filter(
    ({ features, rows }) =>
      (rows === 1 || headSize <= largestHeadOfFour) &&
      features.every((feature) => gpu.device.features.has(feature)),
  );

/** Each pass has its own fastest variant. */
export type AttentionPass = 'forward' | 'backward';

/** What a variant is chosen for. */
export interface AttentionCase extends AttentionShape {
  /** What qkv and all of its type are stored as: f32 unless given. */
  readonly stored?: StoredType;
}

const suffixOf = (stored: StoredType | undefined): string => (stored === 'f16' ? '/f16' : '');

/** How a choice among the variants is remembered in `Gpu.choices`. */
export const attentionKey = (
  { batch, sequence, heads, headSize, kvHeads = heads, stored }: AttentionCase,
  pass: AttentionPass = 'forward',
): string => `attention-${pass}/${batch}x${sequence}x${heads}:${kvHeads}x${headSize}${suffixOf(stored)}`;

/** Four rows of larger heads no longer fit the registers of a GPU's thread. */
const registersOfFour = 32;

/** What was measured, the nearest first: of this case; of other batches or numbers of heads; and of the same two in f32. */
function* measuredNames(
  choices: Gpu['choices'],
  { stored, ...shape }: AttentionCase,
  pass: AttentionPass,
): Generator<string | undefined, void> {
  const { batch, sequence, heads, headSize } = shape;
  yield choices.get(attentionKey({ ...shape, ...(stored && { stored }) }, pass));
  const like = `^attention-${pass}/(\\d+)x${sequence}x(\\d+):\\d+x${headSize}${suffixOf(stored)}$`;
  yield* nearestChoices(choices, new RegExp(like), batch * heads);
  if (stored === 'f16') yield* measuredNames(choices, shape, pass);
}

/**
 * The variant measured fastest on this device for the case, or for the one nearest to it, or, before any was, four rows a thread
 * of small heads and one of large ones.
 */
export function chooseAttention(
  gpu: Gpu,
  shape: AttentionCase,
  pass: AttentionPass = 'forward',
): AttentionVariant {
  const offered = attentionVariantsFor(gpu, shape);
  for (const name of measuredNames(gpu.choices, shape, pass)) {
    const measured = offered.find((variant) => variant.name === name);
    if (measured !== undefined) return measured;
  }
  const rows = shape.headSize <= registersOfFour ? 4 : 1;
  const usual = offered.find((variant) => variant.rows === rows);
  invariant(usual !== undefined, 'alone1 runs everywhere');
  return usual;
}
