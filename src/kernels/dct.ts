import code from '../../shaders/dct.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { f32, foldGroups, u32, type Dispatch, type KernelSource } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { countBlocks, type BlockShape } from './block-shape.ts';

const source = (entry: 'columns' | 'rows' | 'gains', bindings: KernelSource['bindings']): KernelSource => ({
  ...{ name: 'dct', code, entry, bindings },
  uniforms: true,
  promise: { kind: 'close', relativeL2: 1e-5 },
});
const columns = source('columns', ['read', 'read', 'read', 'write']);
const rows = source('rows', ['read', 'write', 'read']);
const gains = source('gains', ['read', 'read', 'read', 'write']);

/**
 * The table `dct` reads, [2, 32, 32]: table[p][i][w] = B[2w + p][i], B the orthonormal DCT-II of length 64. Its cosines
 * differ between browsers in the last bit; it feeds only local momentum.
 */
export function dctBasis(): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: 2 * 32 * 32 }, (_, at) => {
    const u = 2 * (at & 31) + (at >> 10);
    const i = (at >> 5) & 31;
    return (u === 0 ? 1 / 8 : Math.SQRT2 / 8) * Math.cos((Math.PI * (2 * i + 1) * u) / 128);
  });
}

export interface DctTensors extends BlockShape {
  /** [rows, cols] */
  readonly gradient: Tensor;
  /** [2]; element 1 multiplies the gradient. */
  readonly norm: Tensor;
  /** `dctBasis()` */
  readonly basis: Tensor;
  /** [blocks, 4096], for gains [blocks, 64]: in place. */
  readonly momentum: Tensor;
  /** f32 [>= rows, cols]: overwritten; unused for gains. */
  readonly scratch: Tensor;
  /** Beta in [0, 1). */
  readonly momentumDecay: number;
}

/** momentum <- momentumDecay * momentum + DCT(norm[1] * gradient), per block. See shaders/dct.wgsl. */
export function dct(gpu: Gpu, op: DctTensors): Dispatch[] {
  const { blocks, across } = countBlocks(op);
  const { gradient, norm, basis, momentum, scratch, momentumDecay, kind } = op;
  const length = op.rows * op.cols;
  invariant(
    gradient.length === length && momentum.length === length,
    'gradient and momentum hold the blocks',
  );
  const words = [u32(blocks), u32(across), f32(momentumDecay)];
  if (kind === 'gains') {
    return [gpu.kernels.bind(gains, [gradient, norm, basis, momentum], foldGroups(blocks), words)];
  }
  invariant(scratch.length >= length, 'the scratch tensor holds the blocks');
  const groups = foldGroups(blocks);
  return [
    gpu.kernels.bind(columns, [gradient, norm, basis, scratch], groups, words),
    gpu.kernels.bind(rows, [scratch, momentum, basis], groups, words),
  ];
}
