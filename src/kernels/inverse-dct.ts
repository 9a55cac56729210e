import code from '../../shaders/inverse-dct.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, u32, type Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { countBlocks, type BlockShape } from './block-shape.ts';
import { integerBasis } from './integer-basis.ts';

/** The table `inverseDct` reads, i32 [64, 32]: the left half of the integer basis; the right half is its mirror. */
export const integerBasisHalf = (): Int32Array<ArrayBuffer> =>
  Int32Array.from({ length: 64 * 32 }, (_, at) => integerBasis[(at >> 5) * 64 + (at & 31)]);

export interface InverseDctTensors extends BlockShape {
  /** u32 [all blocks + 1] */
  readonly starts: Tensor;
  /** u32 [capacity], packed by `packVote`; those of a block sum to at most 32767 in magnitude. */
  readonly votes: Tensor;
  /** This tensor's first block. */
  readonly firstBlock: number;
  /** `integerBasisHalf()` */
  readonly basis: Tensor;
  /** i32 [>= rows, cols] */
  readonly x: Tensor;
}

/** x <- T' votes T per block, exactly. See shaders/inverse-dct.wgsl. */
export function inverseDct(gpu: Gpu, op: InverseDctTensors): Dispatch {
  const { starts, votes, firstBlock, basis, x, kind, rows, cols } = op;
  const { blocks, across } = countBlocks(op);
  invariant(x.length >= rows * cols, 'x holds every element');
  invariant(starts.length > firstBlock + blocks, 'starts covers the blocks');
  return gpu.kernels.bind(
    {
      name: 'inverse-dct',
      code,
      entry: kind,
      bindings: ['read', 'read', 'read', 'write'],
      uniforms: true,
      promise: { kind: 'bitwise' },
    },
    [starts, votes, basis, x],
    foldGroups(blocks),
    [u32(blocks), u32(across), u32(firstBlock)],
  );
}
