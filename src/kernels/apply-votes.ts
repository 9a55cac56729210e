import code from '../../shaders/apply-votes.wgsl?raw';
import latticeStep from '../../shaders/lib/lattice-step.wgsl?raw';
import mix from '../../shaders/lib/mix.wgsl?raw';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { f32, i32, u32, type Dispatch, type KernelSource, type Word } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { latticePerUnit, moveOf, type RoundStep } from './apply.reference.ts';
import { placeWords } from './block-places.ts';
import { countBlocks, type BlockKind, type BlockShape } from './block-shape.ts';
import { packVote } from './sign-votes.ts';

const sourceOf = (entry: BlockKind): KernelSource => ({
  name: 'apply-votes',
  code: mix + latticeStep + code,
  entry,
  bindings: ['write', 'read', 'read', 'read', 'read'],
  uniforms: true,
  promise: { kind: 'bitwise' },
});

/** The most blocks of a dispatch. A software adapter takes 0.1 ms a block, and no dispatch is to take long. */
const mostBlocks = (gpu: Gpu): number => (gpu.adapter.software ? 512 : 32_768);

const parityOf = (index: number): number => ((index >> 5) & 2) + (index & 1);
/** More than any sum of votes can be. */
const counted = 2 ** 20;

/**
 * Votes by the parities of u and v, as the kernel reads them: those of block b with u mod 2 = p, v mod 2 = q come to
 * [starts[n], starts[n + 1]), n = 4 b + 2 p + q. Takes starts [blocks + 1] and entries packed by `packVote`, and adds up those
 * of a coefficient, because volunteers often send the same ones; votes that cancel are left out.
 */
export function votesByParity(
  starts: Uint32Array,
  entries: Uint32Array,
): { starts: Uint32Array<ArrayBuffer>; votes: Uint32Array<ArrayBuffer> } {
  const blocks = starts.length - 1;
  const sortedStarts = new Uint32Array(4 * blocks + 1);
  const votes = new Uint32Array(entries.length);
  const sums = new Int32Array(4096); // of this block; 0 where it has no entry
  const next = new Uint32Array(4); // where the next vote of each parity comes to
  let count = 0;
  for (let block = 0; block < blocks; block++) {
    const [start, end] = [starts[block], starts[block + 1]];
    for (let n = start; n < end; n++) sums[entries[n] >>> 16] += (entries[n] << 16) >> 16;
    next.fill(0);
    // A coefficient is counted where it is first met; marked so, by a sum beyond any vote, it is not counted twice.
    for (let n = start; n < end; n++) {
      const index = entries[n] >>> 16;
      const sum = sums[index];
      if (sum === 0 || sum >= counted / 2) continue;
      next[parityOf(index)]++;
      sums[index] = sum + counted;
    }
    for (let parity = 0; parity < 4; parity++) {
      const length = next[parity];
      next[parity] = count;
      count += length;
      sortedStarts[4 * block + parity + 1] = count;
    }
    for (let n = start; n < end; n++) {
      const index = entries[n] >>> 16;
      if (sums[index] === 0) continue;
      votes[next[parityOf(index)]++] = packVote(index, sums[index] - counted);
      sums[index] = 0;
    }
  }
  return { starts: sortedStarts, votes: votes.subarray(0, count) };
}

export interface ApplyVotesTensors {
  /** f32 [elements], lattice values in place: whole tensors without gaps. */
  readonly values: Tensor;
  /** Those tensors. */
  readonly shapes: readonly BlockShape[];
  /** u32 [blocks, 4]: `blockPlaces(shapes)` */
  readonly places: Tensor;
  /** u32 [4 * all blocks + 1] */
  readonly starts: Tensor;
  /** u32 [capacity], both of `votesByParity`; the votes of a block sum to at most 32767 in magnitude. */
  readonly votes: Tensor;
  /** `integerBasisHalf()` */
  readonly basis: Tensor;
  /** The number among all blocks of the first of these. */
  readonly firstBlock: number;
  /** Index of the first of these elements in the whole model. */
  readonly offset: number;
}

/**
 * Moves parameters by a round's votes, bit-exactly: inverse transform, decay and step in one pass over them. See
 * shaders/apply-votes.wgsl. `setRound` before every submit.
 */
export function applyVotes(
  gpu: Gpu,
  op: ApplyVotesTensors,
): { dispatches: Dispatch[]; setRound: (round: RoundStep) => void } {
  const { values, shapes, places, starts, votes, basis, firstBlock, offset } = op;
  const blocks = places.length / placeWords;
  invariant(starts.length > 4 * (firstBlock + blocks), 'starts covers the blocks');
  const words = (first: number, round: RoundStep): Word[] => {
    const matrix = moveOf('matrix', round);
    const gains = moveOf('gains', round);
    return [
      ...[u32(first), u32(firstBlock), u32(offset), u32(round.roundKey)],
      ...[i32(matrix.step), i32(matrix.decay), i32(gains.step), i32(gains.decay)],
      ...[f32(latticePerUnit.matrix), f32(1 / latticePerUnit.matrix)],
      ...[f32(latticePerUnit.gains), f32(1 / latticePerUnit.gains)],
    ];
  };
  const still = { step: 0, decay: 0, roundKey: 0 };
  const tensors = [values, places, starts, votes, basis];
  const bound = rangesOf(shapes, mostBlocks(gpu)).map(({ kind, first, end }) => ({
    dispatch: gpu.kernels.bind(sourceOf(kind), tensors, [end - first, 1, 1], words(first, still)),
    first,
  }));
  return {
    dispatches: bound.map(({ dispatch }) => dispatch),
    setRound(round) {
      for (const { dispatch, first } of bound) dispatch.setUniforms(words(first, round));
    },
  };
}

/** The blocks of tensors as ranges of one kind, each of at most `most`. */
function rangesOf(
  shapes: readonly BlockShape[],
  most: number,
): { readonly kind: BlockKind; readonly first: number; readonly end: number }[] {
  const ranges: { kind: BlockKind; first: number; end: number }[] = [];
  let block = 0;
  for (const shape of shapes) {
    const { kind } = shape;
    for (let left = countBlocks(shape).blocks; left > 0;) {
      let last = ranges.at(-1);
      if (last?.kind !== kind || last.end - last.first >= most) {
        last = { kind, first: block, end: block };
        ranges.push(last);
      }
      const taken = Math.min(left, most - (last.end - last.first));
      last.end = block += taken;
      left -= taken;
    }
  }
  return ranges;
}
