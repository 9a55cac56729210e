import code from '../../shaders/top-k.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, u32, type Dispatch, type KernelSource, type Word } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';

/** How a chosen coefficient is packed: index | negative << 12 | 1 << 13. An empty slot is 0. */
export const slotIndexMask = 0xfff;
export const slotNegative = 1 << 12;
export const slotPresent = 1 << 13;

/** A tensor's momentum and the slots of its blocks. */
interface SlotTensors {
  /** [blocks, blockSize] f32, in place. */
  readonly momentum: Tensor;
  /** [>= firstBlock + blocks, k] u32: this tensor's rows are those from firstBlock on. */
  readonly selection: Tensor;
  /** [>= firstBlock + blocks, k] f32, beside the selection. */
  readonly amplitudes: Tensor;
  readonly blocks: number;
  readonly blockSize: number;
  readonly firstBlock: number;
  /** 1 to 64. */
  readonly k: number;
}

export interface TopKTensors extends SlotTensors {
  /** u32 [>= blocks, 64, 2]: overwritten. */
  readonly scratch: Tensor;
}

/**
 * Takes the at most k largest coefficients of each block, and what is not finite, out of the momentum: which they were goes
 * to the selection, what they were to the amplitudes. See shaders/top-k.wgsl.
 */
export function topK(gpu: Gpu, op: TopKTensors): Dispatch[] {
  const { momentum, scratch, selection, amplitudes, blocks } = op;
  const words = checkedWords(op);
  invariant(scratch.length >= 128 * blocks, 'the scratch tensor holds the peaks');
  const columns = source(op, 'columns', ['write', 'write']);
  const pick = source(op, 'pick', ['write', 'write', 'write', 'write']);
  const slots = [momentum, scratch, selection, amplitudes];
  return [
    gpu.kernels.bind(columns, [momentum, scratch], foldGroups(blocks), words),
    gpu.kernels.bind(pick, slots, foldGroups(Math.ceil(blocks / 64)), words),
  ];
}

/** momentum += amplitudes at the slots of the selection: what `topK` took, put back. See shaders/top-k.wgsl. */
export function putBack(gpu: Gpu, op: SlotTensors): Dispatch {
  const { momentum, selection, amplitudes, blocks, k } = op;
  const words = checkedWords(op);
  const kernel = source(op, 'putBack', ['write', 'read', 'read']);
  const groups = foldGroups(Math.ceil((blocks * k) / 64));
  return gpu.kernels.bind(kernel, [momentum, selection, amplitudes], groups, words);
}

function checkedWords(op: SlotTensors): Word[] {
  const { momentum, selection, amplitudes, blocks, blockSize, firstBlock, k } = op;
  invariant(
    k >= 1 && k <= 64 && (blockSize === 64 || blockSize === 4096),
    'k and the block size are in range',
  );
  const slots = (firstBlock + blocks) * k;
  invariant(
    selection.length >= slots && amplitudes.length >= slots,
    'the selection has room for every block',
  );
  invariant(momentum.length === blocks * blockSize, 'the momentum holds the blocks');
  return [u32(blocks), u32(firstBlock)];
}

const source = (
  { k, blockSize }: SlotTensors,
  entry: 'columns' | 'pick' | 'putBack',
  bindings: KernelSource['bindings'],
): KernelSource => ({
  ...{ name: 'top-k', code, entry, bindings },
  uniforms: true,
  sizes: { K: k, BLOCK: blockSize },
  promise: entry === 'putBack' ? { kind: 'close', relativeL2: 1e-6 } : { kind: 'bitwise' },
});
