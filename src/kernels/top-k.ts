import code from '../../shaders/top-k.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, u32, type Dispatch, type KernelSource } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';

/** How a chosen coefficient is packed: index | negative << 12 | 1 << 13. An empty slot is 0. */
export const slotIndexMask = 0xfff;
export const slotNegative = 1 << 12;
export const slotPresent = 1 << 13;

export interface TopKTensors {
  /** [blocks, blockSize] f32: what is chosen, and what is not finite, becomes 0. */
  readonly momentum: Tensor;
  /** u32 [>= blocks, 64, 2]: overwritten. */
  readonly scratch: Tensor;
  /** [>= firstBlock + blocks, k] u32: rows from firstBlock on are written. */
  readonly selection: Tensor;
  readonly blocks: number;
  readonly blockSize: number;
  readonly firstBlock: number;
  /** 1 to 64. */
  readonly k: number;
}

/** Takes the at most k largest coefficients of each block out of the momentum. See shaders/top-k.wgsl. */
export function topK(gpu: Gpu, op: TopKTensors): Dispatch[] {
  const { momentum, scratch, selection, blocks, blockSize, firstBlock, k } = op;
  invariant(
    k >= 1 && k <= 64 && (blockSize === 64 || blockSize === 4096),
    'k and the block size are in range',
  );
  invariant(selection.length >= (firstBlock + blocks) * k, 'the selection has room for every block');
  invariant(momentum.length === blocks * blockSize, 'the momentum holds the blocks');
  invariant(scratch.length >= 128 * blocks, 'the scratch tensor holds the peaks');
  const source = (entry: 'columns' | 'pick', bindings: KernelSource['bindings']): KernelSource => ({
    ...{ name: 'top-k', code, entry, bindings },
    uniforms: true,
    sizes: { K: k, BLOCK: blockSize },
    promise: { kind: 'bitwise' },
  });
  const words = [u32(blocks), u32(firstBlock)];
  const columns = source('columns', ['write', 'write']);
  const pick = source('pick', ['write', 'write', 'write']);
  return [
    gpu.kernels.bind(columns, [momentum, scratch], foldGroups(blocks), words),
    gpu.kernels.bind(pick, [momentum, scratch, selection], foldGroups(Math.ceil(blocks / 64)), words),
  ];
}
