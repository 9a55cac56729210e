import type { Bytes } from '../base/bytes.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { dct, dctBasis } from '../kernels/dct.ts';
import { topK } from '../kernels/top-k.ts';
import type { BlockLayout, ParameterSpec } from './blocks.ts';
import { encodeUpdate, updateOfSelection } from './sparse-update.ts';

/** What compression and apply need of one tensor of a replica. */
export interface TrainableTensor {
  readonly spec: ParameterSpec;
  /** f32 [rows, cols], lattice values. */
  readonly values: Tensor;
  /** f32 [rows, cols], this round's accumulated gradient. */
  readonly gradient: Tensor;
}

/** The tensors of a replica and how its gradients are scaled. */
export interface GradientSource {
  readonly gpu: Gpu;
  readonly tensors: readonly TrainableTensor[];
  /** f32 [2]; element 1 multiplies every gradient. */
  readonly norm: Tensor;
  /** Fill `norm`; run before any gradient is read. */
  readonly gradientDispatches: readonly Dispatch[];
}

/**
 * A volunteer's local momentum in the DCT domain, and the selection of what leaves it (DeMo, Peng et al. 2024). Momentum is
 * this volunteer's own: it is never replicated.
 */
export class DctTopK {
  /** f32 [blocks, 4096 or 64] for each tensor of the layout. */
  readonly momentum: readonly Tensor[];
  readonly #source: GradientSource;
  readonly #layout: BlockLayout;
  readonly #k: number;
  readonly #basis: Tensor;
  readonly #scratch: Tensor; // [largest tensor, at least 128 a block], used by one tensor after another
  readonly #selection: Tensor; // u32 [blocks, k]
  readonly #dispatches: readonly Dispatch[];

  constructor(
    source: GradientSource,
    layout: BlockLayout,
    { k, momentumDecay }: { k: number; momentumDecay: number },
  ) {
    const { gpu, norm } = source;
    this.#source = source;
    this.#layout = layout;
    this.#k = k;
    this.#basis = gpu.tensor([2, 32, 32], 'f32', 'dct basis', dctBasis());
    const largest = Math.max(...layout.parameters.map(({ blocks, size }) => blocks * Math.max(size, 128)));
    this.#scratch = gpu.tensor([largest], 'f32', 'compression scratch');
    this.#selection = gpu.tensor([layout.blocks, k], 'u32', 'selection');
    this.momentum = layout.parameters.map(({ spec, blocks, size }) =>
      gpu.tensor([blocks, size], 'f32', `momentum of ${spec.name}`),
    );
    const fold = layout.parameters.flatMap(({ spec: { kind, rows, cols } }, index) =>
      dct(gpu, {
        ...{ kind, rows, cols, norm, momentumDecay },
        gradient: source.tensors[index].gradient,
        basis: this.#basis,
        momentum: this.momentum[index],
        scratch: this.#scratch,
      }),
    );
    const select = layout.parameters.flatMap(({ blocks, size, firstBlock }, index) =>
      topK(gpu, {
        ...{ blocks, firstBlock, k, blockSize: size },
        momentum: this.momentum[index],
        scratch: this.#scratch,
        selection: this.#selection,
      }),
    );
    this.#dispatches = [...fold, ...select];
  }

  /** Folds the gradients into momentum, takes out what leaves and returns it as a payload. One submit, one read-back. */
  async compress(): Promise<Bytes> {
    const { gpu, gradientDispatches } = this.#source;
    gpu.submit([...gradientDispatches, ...this.#dispatches]);
    const selection = await gpu.readU32(this.#selection);
    return encodeUpdate(this.#layout, this.#k, updateOfSelection(this.#layout, this.#k, selection));
  }

  close(): void {
    this.#source.gpu.free(this.#basis, this.#scratch, this.#selection, ...this.momentum);
  }
}
