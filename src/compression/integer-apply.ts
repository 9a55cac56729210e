import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { apply } from '../kernels/apply.ts';
import { applyReference, type RoundStep } from '../kernels/apply.reference.ts';
import { integerBasisHalf, inverseDct } from '../kernels/inverse-dct.ts';
import { inverseDctReference } from '../kernels/inverse-dct.reference.ts';
import { signVotes } from '../kernels/sign-votes.ts';
import { signVotesReference } from '../kernels/sign-votes.reference.ts';
import type { VoteList } from './aggregate.ts';
import { bitsFor } from './bits.ts';
import type { BlockLayout } from './blocks.ts';

export type { RoundStep };

/**
 * Applies a round's votes to parameters on the GPU: votes, inverse transform and step, all in integers, so that every
 * device ends with the same words (docs/adr/0003-integer-apply.md). `values` are in the order of the layout.
 */
export class IntegerApply {
  readonly #gpu: Gpu;
  readonly #layout: BlockLayout;
  readonly #basis: Tensor; // i32 [64, 32]
  readonly #x: Tensor; // i32 [largest tensor], used by one tensor after another
  readonly #starts: Tensor; // u32 [blocks + 1]
  readonly #moves: readonly ReturnType<typeof apply>[];
  #entries: Tensor; // u32 [capacity]
  #votes: Tensor; // u32 [capacity]
  #dispatches: readonly Dispatch[];

  constructor(gpu: Gpu, layout: BlockLayout, values: readonly Tensor[]) {
    const largest = Math.max(...layout.parameters.map(({ blocks, size }) => blocks * size));
    this.#gpu = gpu;
    this.#layout = layout;
    this.#basis = gpu.tensor([64, 32], 'i32', 'integer basis', integerBasisHalf());
    this.#x = gpu.tensor([largest], 'i32', 'x');
    this.#starts = gpu.tensor([layout.blocks + 1], 'u32', 'vote starts');
    this.#moves = layout.parameters.map(({ spec: { kind, offset } }, index) =>
      apply(gpu, { values: values[index], x: this.#x, kind, offset }),
    );
    this.#entries = gpu.tensor([1024], 'u32', 'vote entries');
    this.#votes = gpu.tensor([1024], 'u32', 'votes');
    this.#dispatches = this.#bind();
  }

  /** Moves every parameter by one round, in one submit. */
  apply({ starts, entries }: VoteList, round: RoundStep): void {
    this.#makeRoom(entries.length);
    this.#gpu.write(this.#starts, starts);
    this.#gpu.writePrefix(this.#entries, entries);
    for (const move of this.#moves) move.setRound(round);
    this.#gpu.submit(this.#dispatches);
  }

  close(): void {
    this.#gpu.free(this.#basis, this.#x, this.#starts, this.#entries, this.#votes);
  }

  #bind(): readonly Dispatch[] {
    const [starts, votes, basis, x] = [this.#starts, this.#votes, this.#basis, this.#x];
    return [
      signVotes(this.#gpu, { starts, entries: this.#entries, votes }),
      ...this.#layout.parameters.flatMap(({ spec: { kind, rows, cols }, firstBlock }, index) => [
        inverseDct(this.#gpu, { starts, votes, firstBlock, basis, x, kind, rows, cols }),
        this.#moves[index].dispatch,
      ]),
    ];
  }

  #makeRoom(count: number): void {
    if (count <= this.#entries.length) return;
    const capacity = 2 ** bitsFor(count);
    this.#gpu.free(this.#entries, this.#votes);
    this.#entries = this.#gpu.tensor([capacity], 'u32', 'vote entries');
    this.#votes = this.#gpu.tensor([capacity], 'u32', 'votes');
    this.#dispatches = this.#bind();
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
