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
import type { BlockLayout } from './blocks.ts';

export type { RoundStep };

interface AppliedTensor {
  readonly inverse: Dispatch;
  readonly move: ReturnType<typeof apply>;
}

/**
 * Applies a round's votes to parameters on the GPU: votes, inverse transform and step, all in integers, so that every
 * device ends with the same words (docs/adr/0003-integer-apply.md). `values` are in the order of the layout.
 */
export class IntegerApply {
  readonly #gpu: Gpu;
  readonly #basis: Tensor; // i32 [64, 32]
  readonly #votes: Tensor; // i32 [largest tensor]: each tensor's inverse leaves it zero for the next
  readonly #x: Tensor; // i32 [largest tensor]
  readonly #tensors: readonly AppliedTensor[];
  #entries: Tensor; // u32 [capacity, 2]
  #scatter: readonly ReturnType<typeof signVotes>[];

  constructor(gpu: Gpu, layout: BlockLayout, values: readonly Tensor[]) {
    const largest = Math.max(...layout.parameters.map(({ blocks, size }) => blocks * size));
    this.#gpu = gpu;
    this.#basis = gpu.tensor([64, 32], 'i32', 'integer basis', integerBasisHalf());
    this.#votes = gpu.tensor([largest], 'i32', 'votes');
    this.#x = gpu.tensor([largest], 'i32', 'x');
    this.#tensors = layout.parameters.map(({ spec: { kind, rows, cols, offset } }, index) => ({
      inverse: inverseDct(gpu, { votes: this.#votes, basis: this.#basis, x: this.#x, kind, rows, cols }),
      move: apply(gpu, { values: values[index], x: this.#x, kind, offset }),
    }));
    this.#entries = gpu.tensor([1024, 2], 'u32', 'entries');
    this.#scatter = this.#bindScatter();
  }

  /** Moves every parameter by one round, in one submit. */
  apply(votes: VoteList, round: RoundStep): void {
    this.#makeRoom(votes.entries.length / 2);
    this.#gpu.writePrefix(this.#entries, votes.entries);
    const dispatches = this.#tensors.flatMap(({ inverse, move }, index) => {
      const first = votes.starts[index];
      const count = votes.starts[index + 1] - first;
      move.setRound(round);
      const scatter = count > 0 ? [this.#scatter[index].dispatch(first, count)] : [];
      return [...scatter, inverse, move.dispatch];
    });
    this.#gpu.submit(dispatches, [this.#votes]);
  }

  close(): void {
    this.#gpu.free(this.#basis, this.#votes, this.#x, this.#entries);
  }

  #bindScatter(): readonly ReturnType<typeof signVotes>[] {
    return this.#tensors.map(() => signVotes(this.#gpu, { entries: this.#entries, votes: this.#votes }));
  }

  #makeRoom(count: number): void {
    if (2 * count <= this.#entries.length) return;
    this.#gpu.free(this.#entries);
    this.#entries = this.#gpu.tensor([2 ** Math.ceil(Math.log2(count)), 2], 'u32', 'entries');
    this.#scatter = this.#bindScatter();
  }
}

/** What IntegerApply does, in plain loops on the CPU: `values` is f32 [layout.length]; returns the moved copy. */
export function integerApplyReference(
  layout: BlockLayout,
  values: Float32Array,
  votes: VoteList,
  round: RoundStep,
): Float32Array<ArrayBuffer> {
  const moved = new Float32Array(layout.length);
  layout.parameters.forEach(({ spec, blocks, size }, index) => {
    const entries = votes.entries.subarray(2 * votes.starts[index], 2 * votes.starts[index + 1]);
    const v = signVotesReference(new Int32Array(blocks * size), entries);
    const x = inverseDctReference(v, spec);
    const { kind, offset } = spec;
    moved.set(
      applyReference(values.subarray(offset, offset + blocks * size), x, { kind, offset, round }),
      offset,
    );
  });
  return moved;
}
