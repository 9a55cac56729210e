import code from '../../shaders/digest.wgsl?raw';
import mix from '../../shaders/lib/mix.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { u32, type Dispatch, type KernelSource } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { digestSalt } from './digest.reference.ts';

const source: KernelSource = {
  name: 'digest',
  code: mix + code,
  entry: 'main',
  bindings: ['read', 'write'],
  uniforms: true,
  promise: { kind: 'bitwise' },
};

/** Enough work for each of the four atomic additions an invocation ends with, and enough invocations for a large GPU. */
const elementsPerInvocation = 32;
const largestGroups = 1024;

/**
 * Adds the words of every tensor to `lanes` (u32 [4]), which the caller clears: `gpu.submit(dispatches, [lanes])`, then
 * `digestHex(await gpu.readU32(lanes))`. `offset` is a tensor's first element in the whole model. See shaders/digest.wgsl.
 */
export function digest(
  gpu: Gpu,
  op: { tensors: readonly { values: Tensor; offset: number }[]; lanes: Tensor },
): Dispatch[] {
  invariant(op.lanes.length === 4, 'a digest has four lanes');
  return op.tensors.map(({ values, offset }) => {
    const groups = Math.min(largestGroups, Math.ceil(values.length / (64 * elementsPerInvocation)));
    const words = [u32(values.length), u32(offset), u32(digestSalt), u32(64 * groups)];
    return gpu.kernels.bind(source, [values, op.lanes], [groups, 1, 1], words);
  });
}

/** Four lanes as 32 hex digits. */
export const digestHex = (lanes: ArrayLike<number>): string =>
  Array.from(lanes, (lane) => lane.toString(16).padStart(8, '0')).join('');
