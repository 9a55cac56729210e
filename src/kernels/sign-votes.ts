import code from '../../shaders/sign-votes.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { foldGroups, u32, type Dispatch, type KernelSource } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';

const source: KernelSource = {
  name: 'sign-votes',
  code,
  entry: 'main',
  bindings: ['read', 'read', 'write'],
  uniforms: true,
  promise: { kind: 'bitwise' },
};

/** A vote on a coefficient in one word: index below 4096, |vote| <= 32767. */
export const packVote = (index: number, vote: number): number => ((index << 16) | (vote & 0xffff)) >>> 0;

/**
 * Sums the entries of each block that name the same coefficient. starts: u32 [blocks + 1]; entries, votes: u32 [capacity],
 * packed by `packVote`. See shaders/sign-votes.wgsl.
 */
export function signVotes(
  gpu: Gpu,
  { starts, entries, votes }: { starts: Tensor; entries: Tensor; votes: Tensor },
): Dispatch {
  invariant(votes.length >= entries.length, 'there is a vote for every entry');
  const blocks = starts.length - 1;
  return gpu.kernels.bind(source, [starts, entries, votes], foldGroups(blocks), [u32(blocks)]);
}
