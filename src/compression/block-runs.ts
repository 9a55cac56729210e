import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { slice, type Tensor } from '../gpu/tensor.ts';
import { blockPlaces } from '../kernels/block-places.ts';
import type { BlockShape } from '../kernels/block-shape.ts';
import type { BlockLayout } from './blocks.ts';

/** Tensors of a layout that lie back to back in one buffer: what one dispatch can treat. */
export interface BlockRun {
  /** All of them, [elements]. */
  readonly joined: Tensor;
  /** Their shapes. */
  readonly shapes: readonly BlockShape[];
  /** u32 [blocks, 4]: `blockPlaces(shapes)` */
  readonly places: Tensor;
  /** Their parameters in the layout, from `first` to before `end`. */
  readonly first: number;
  readonly end: number;
  /** The number of the first block, and index of the first element, in the layout. */
  readonly firstBlock: number;
  readonly offset: number;
}

/**
 * The tensors of a layout, one for each parameter, as few runs: where tensors share a buffer, as a replica's pages do, one a
 * page; else one a tensor. The places are new tensors, the caller's to free.
 */
export function blockRuns(gpu: Gpu, layout: BlockLayout, tensors: readonly Tensor[]): BlockRun[] {
  const { parameters } = layout;
  invariant(tensors.length === parameters.length, 'a tensor for every parameter');
  const most = gpu.device.limits.maxStorageBufferBindingSize / 4;
  const runs: BlockRun[] = [];
  for (let first = 0, end = 0; first < parameters.length; first = end) {
    let length = 0;
    for (; end < parameters.length; end++) {
      const { buffer, offset, length: more } = tensors[end];
      invariant(more === parameters[end].blocks * parameters[end].size, 'a tensor is as large as its blocks');
      const follows = buffer === tensors[first].buffer && offset === tensors[first].offset + 4 * length;
      if (end > first && !(follows && length + more <= most)) break;
      length += more;
    }
    const shapes = parameters.slice(first, end).map(({ spec }) => spec);
    const words = blockPlaces(shapes);
    const label = end - first === 1 ? tensors[first].label : `${tensors[first].label} and on`;
    runs.push({
      ...{ first, end, shapes },
      joined: { ...tensors[first], shape: [length], length, label },
      places: gpu.tensor([words.length / 4, 4], 'u32', 'block places', words),
      firstBlock: parameters[first].firstBlock,
      offset: parameters[first].spec.offset,
    });
  }
  return runs;
}

/** Views of `whole`, which is as long as the run: one for each of its parameters, [blocks, size]. */
export function partsOfRun(layout: BlockLayout, { first, end, offset }: BlockRun, whole: Tensor): Tensor[] {
  return layout.parameters
    .slice(first, end)
    .map(({ spec, blocks, size }) => slice(whole, spec.offset - offset, [blocks, size]));
}
