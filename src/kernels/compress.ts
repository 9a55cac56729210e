import dct64 from '../../shaders/lib/dct64.wgsl?raw';
import largest64 from '../../shaders/lib/largest64.wgsl?raw';
import tile64 from '../../shaders/lib/tile64.wgsl?raw';
import laneCode from '../../shaders/compress-lane.wgsl?raw';
import tileCode from '../../shaders/compress-tile.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { f32, u32, type Dispatch, type KernelSource, type Word } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { placeWords } from './block-places.ts';

/**
 * How a block is worked on: `lane`, by one invocation; `tile`, by a workgroup with its memory. The same result but for the
 * last bits of the momentum.
 */
export type CompressVariant = 'lane' | 'tile';
export const compressVariants: readonly CompressVariant[] = ['lane', 'tile'];

/** How a choice between them is remembered in `Gpu.choices`. */
export const compressKey = (blocks: number, k: number): string => `compress/${blocks}x${k}`;

/** A model of more blocks is trained by GPUs, and by an invocation a block they are slow. */
const fewBlocks = 512;

/** The variant measured fastest on this device for so many blocks, or, before any was, one that does no size much harm. */
export function chooseCompress(gpu: Gpu, blocks: number, k: number): CompressVariant {
  const measured = compressVariants.find((variant) => variant === gpu.choices.get(compressKey(blocks, k)));
  return measured ?? (blocks > fewBlocks ? 'tile' : 'lane');
}

/** Invocations of a `lane` workgroup: on a software adapter what runs together, and one block each keeps all cores busy. */
const laneGroup = 4;
/** Workgroups of a `lane` dispatch: what bounds the scratch, to 4 MiB. */
const laneGroups = 64;
/** The most blocks of a dispatch, so that none takes long: 30 ms of `lane` on two cores, and a row of workgroups of `tile`. */
const mostBlocks: Readonly<Record<CompressVariant, number>> = { lane: 512, tile: 32_768 };

/** Elements of the scratch that `compress` needs for so many blocks. */
export const compressScratch = (variant: CompressVariant, blocks: number): number =>
  variant === 'tile' ? 0 : 4096 * laneGroup * Math.min(laneGroups, Math.ceil(blocks / laneGroup));

export interface CompressTensors {
  /** f32 [elements], whole tensors without gaps. */
  readonly gradient: Tensor;
  /** f32 [elements], in place: the coefficients of block after block. */
  readonly momentum: Tensor;
  /** u32 [blocks, 4]: `blockPlaces` of those tensors. */
  readonly places: Tensor;
  /** f32 [2]; element 1 multiplies the gradient. */
  readonly norm: Tensor;
  /** f32 [>= compressScratch(variant, blocks)], overwritten; may be shared. Not needed by `tile`. */
  readonly scratch?: Tensor;
  /** u32 [>= firstBlock + blocks, k]: these blocks' rows are those from firstBlock on. */
  readonly selection: Tensor;
  /** f32 [>= firstBlock + blocks, k], beside the selection. */
  readonly amplitudes: Tensor;
  readonly firstBlock: number;
  /** 1 to 64. */
  readonly k: number;
  /** Beta in [0, 1). */
  readonly momentumDecay: number;
  readonly variant: CompressVariant;
}

/**
 * `take`: momentum <- momentumDecay * momentum + DCT(norm[1] * gradient), then the at most k largest coefficients of each
 * block leave it for the selection and the amplitudes. `fold`: the same, and none leaves. See shaders/compress-lane.wgsl.
 */
export function compress(gpu: Gpu, op: CompressTensors): { take: Dispatch[]; fold: Dispatch[] } {
  const { gradient, momentum, places, norm, scratch, selection, amplitudes, firstBlock, k, variant } = op;
  const blocks = places.length / placeWords;
  const slots = (firstBlock + blocks) * k;
  invariant(k >= 1 && k <= 64, 'k is in range');
  invariant(gradient.length === momentum.length, 'gradient and momentum hold the blocks');
  invariant(
    selection.length >= slots && amplitudes.length >= slots,
    'the selection has room for every block',
  );
  const tensors = [gradient, norm, places, momentum];
  if (variant === 'lane') {
    invariant(
      scratch !== undefined && scratch.length >= compressScratch(variant, blocks),
      'scratch for every lane',
    );
    tensors.push(scratch);
  }
  tensors.push(selection, amplitudes);
  const bind = (takes: boolean): Dispatch[] => {
    const dispatches: Dispatch[] = [];
    for (let first = 0; first < blocks; first += mostBlocks[variant]) {
      const end = Math.min(blocks, first + mostBlocks[variant]);
      const words: Word[] = [
        u32(first),
        u32(end),
        u32(firstBlock),
        u32(Number(takes)),
        f32(op.momentumDecay),
      ];
      let groups = end - first;
      if (variant === 'lane') {
        groups = Math.min(laneGroups, Math.ceil(groups / laneGroup));
        words.push(u32(laneGroup * groups));
      }
      dispatches.push(gpu.kernels.bind(sourceOf(variant, k), tensors, [groups, 1, 1], words));
    }
    return dispatches;
  };
  return { take: bind(true), fold: bind(false) };
}

const sourceOf = (variant: CompressVariant, k: number): KernelSource => ({
  name: `compress-${variant}`,
  code: dct64 + (variant === 'lane' ? laneCode : tile64 + largest64 + tileCode),
  entry: 'main',
  bindings:
    variant === 'lane'
      ? ['read', 'read', 'read', 'write', 'write', 'write', 'write']
      : ['read', 'read', 'read', 'write', 'write', 'write'],
  uniforms: true,
  sizes: variant === 'lane' ? { K: k, LANES: laneGroup } : { K: k },
  promise: { kind: 'close', relativeL2: 1e-5 },
});

/** Changes with any variant. */
export const compressFingerprint = JSON.stringify([
  ...compressVariants.map((variant) => sourceOf(variant, 1)),
  ...[laneGroup, laneGroups, mostBlocks],
]);
