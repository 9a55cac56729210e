import code from '../../shaders/sign-votes.wgsl?raw';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, u32, type Dispatch, type KernelSource } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';

const source: KernelSource = {
  name: 'sign-votes',
  code,
  entry: 'main',
  bindings: ['read', 'write'],
  uniforms: true,
  promise: { kind: 'bitwise' },
};

/**
 * votes[position] += vote over a range of entries. entries: u32 [capacity, 2] of (block * blockSize + index, vote as i32
 * bits); votes: i32 [>= blocks * blockSize], zero before. `dispatch(first, count)` names the range for the next submit.
 */
export function signVotes(
  gpu: Gpu,
  { entries, votes }: { entries: Tensor; votes: Tensor },
): { dispatch: (first: number, count: number) => Dispatch } {
  const bound = gpu.kernels.bind(source, [entries, votes], [1, 1, 1], [u32(0), u32(0)]);
  return {
    dispatch(first, count) {
      bound.setUniforms([u32(first), u32(count)]);
      return { ...bound, groups: foldGroups(Math.ceil(count / 64)) };
    },
  };
}
