import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { applyVotes, votesByParity } from '../kernels/apply-votes.ts';
import { applyReference, type RoundStep } from '../kernels/apply.reference.ts';
import { integerBasisHalf } from '../kernels/inverse-dct.ts';
import { inverseDctReference } from '../kernels/inverse-dct.reference.ts';
import { signVotesReference } from '../kernels/sign-votes.reference.ts';
import type { VoteList } from './aggregate.ts';
import { bitsFor } from './bits.ts';
import { blockRuns, type BlockRun } from './block-runs.ts';
import type { BlockLayout } from './blocks.ts';

export type { RoundStep };

/**
 * Applies a round's votes to parameters on the GPU: votes, inverse transform and step, all in integers, so that every
 * device ends with the same words (docs/adr/0003-integer-apply.md). `values` are in the order of the layout.
 */
export class IntegerApply {
  readonly #gpu: Gpu;
  readonly #basis: Tensor; // i32 [64, 32]
  readonly #starts: Tensor; // u32 [4 * blocks + 1]
  readonly #runs: readonly BlockRun[];
  #votes: Tensor; // u32 [capacity]
  #moves: readonly ReturnType<typeof applyVotes>[];
  #dispatches: readonly Dispatch[];

  constructor(gpu: Gpu, layout: BlockLayout, values: readonly Tensor[]) {
    this.#gpu = gpu;
    this.#basis = gpu.tensor([64, 32], 'i32', 'integer basis', integerBasisHalf());
    this.#starts = gpu.tensor([4 * layout.blocks + 1], 'u32', 'vote starts');
    this.#runs = blockRuns(gpu, layout, values);
    this.#votes = gpu.tensor([1024], 'u32', 'votes');
    this.#moves = this.#bind();
    this.#dispatches = this.#moves.flatMap(({ dispatches }) => dispatches);
  }

  /** Moves every parameter by one round, in one submit. */
  apply(votes: VoteList, round: RoundStep): void {
    this.#load(votes, round);
    this.#gpu.submit(this.#dispatches);
  }

  /** The dispatches of a round with such votes that moves nothing, to be run one by one for how long they take. */
  prepared(votes: VoteList): readonly Dispatch[] {
    this.#load(votes, { step: 0, decay: 0, roundKey: 0 });
    return this.#dispatches;
  }

  close(): void {
    this.#gpu.free(this.#basis, this.#starts, this.#votes, ...this.#runs.map(({ places }) => places));
  }

  #load({ starts, entries }: VoteList, round: RoundStep): void {
    this.#makeRoom(entries.length);
    const sorted = votesByParity(starts, entries);
    this.#gpu.write(this.#starts, sorted.starts);
    this.#gpu.writePrefix(this.#votes, sorted.votes);
    for (const move of this.#moves) move.setRound(round);
  }

  #bind(): ReturnType<typeof applyVotes>[] {
    const [starts, votes, basis] = [this.#starts, this.#votes, this.#basis];
    return this.#runs.map(({ joined: values, shapes, places, firstBlock, offset }) =>
      applyVotes(this.#gpu, { values, shapes, places, starts, votes, basis, firstBlock, offset }),
    );
  }

  #makeRoom(count: number): void {
    if (count <= this.#votes.length) return;
    this.#gpu.free(this.#votes);
    this.#votes = this.#gpu.tensor([2 ** bitsFor(count)], 'u32', 'votes');
    this.#moves = this.#bind();
    this.#dispatches = this.#moves.flatMap(({ dispatches }) => dispatches);
  }
}

/** What IntegerApply does, in plain loops on the CPU: `values` is f32 [layout.length]; returns the moved copy. */
export function integerApplyReference(
  layout: BlockLayout,
  values: Float32Array,
  { starts, entries }: VoteList,
  round: RoundStep,
): Float32Array<ArrayBuffer> {
  const moved = new Float32Array(layout.length);
  const votes = signVotesReference(starts, entries);
  for (const { spec, blocks, size, firstBlock } of layout.parameters) {
    const x = inverseDctReference(starts, votes, firstBlock, spec);
    const { kind, offset } = spec;
    const before = values.subarray(offset, offset + blocks * size);
    moved.set(applyReference(before, x, { kind, offset, round }), offset);
  }
  return moved;
}
