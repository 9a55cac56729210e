import type { Bytes } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { chooseCompress, compress, compressScratch, type CompressVariant } from '../kernels/compress.ts';
import { putBack } from '../kernels/top-k.ts';
import { blockRuns, partsOfRun } from './block-runs.ts';
import type { BlockLayout, ParameterSpec } from './blocks.ts';
import { choosePacking, PayloadPacker, type Packed, type Packing } from './payload-packer.ts';
import { decodeUpdate, selectionOfUpdate } from './sparse-update.ts';

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

/** What one payload took out of the momentum. */
export interface Departed extends Packed {
  /** Folds of the momentum up to and including the one it left after. */
  readonly folds: number;
}

export interface DctTopKOptions {
  /** 1 to 64. */
  readonly k: number;
  /** Beta in [0, 1). */
  readonly momentumDecay: number;
  /** What to take whatever was measured: tests and the tuner. */
  readonly variant?: CompressVariant;
  readonly packing?: Packing;
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
  readonly #places: readonly Tensor[];
  readonly #scratch: Tensor; // used by one run after another
  readonly #selection: Tensor; // u32 [blocks, k]
  readonly #amplitudes: Tensor; // f32 [blocks, k]
  readonly #packer: PayloadPacker;
  readonly #momentumDecay: number;
  readonly #fold: readonly Dispatch[];
  readonly #take: readonly Dispatch[];
  readonly #putBack: readonly Dispatch[];
  #folds = 0;

  constructor(
    source: GradientSource,
    layout: BlockLayout,
    { k, momentumDecay, variant, packing }: DctTopKOptions,
  ) {
    const { gpu, norm, tensors } = source;
    const how = variant ?? chooseCompress(gpu, layout.blocks, k);
    this.#source = source;
    this.#layout = layout;
    this.#k = k;
    this.#momentumDecay = momentumDecay;
    this.#selection = gpu.tensor([layout.blocks, k], 'u32', 'selection');
    this.#amplitudes = gpu.tensor([layout.blocks, k], 'f32', 'amplitudes');
    this.#packer = new PayloadPacker(gpu, layout, {
      ...{ selection: this.#selection, amplitudes: this.#amplitudes, k },
      packing: packing ?? choosePacking(gpu, layout, k),
    });
    this.#scratch = gpu.tensor([compressScratch(how, layout.blocks)], 'f32', 'compression scratch');
    const runs = blockRuns(
      gpu,
      layout,
      tensors.map(({ gradient }) => gradient),
    );
    const momenta = runs.map(({ joined }) => gpu.tensor([joined.length], 'f32', 'momentum'));
    const bound = runs.map(({ joined, places, firstBlock }, index) =>
      compress(gpu, {
        ...{ gradient: joined, momentum: momenta[index], places, norm, scratch: this.#scratch },
        ...{ selection: this.#selection, amplitudes: this.#amplitudes },
        ...{ firstBlock, k, momentumDecay, variant: how },
      }),
    );
    this.#places = runs.map(({ places }) => places);
    this.#fold = bound.flatMap(({ fold }) => fold);
    this.#take = bound.flatMap(({ take }) => take);
    this.momentum = runs.flatMap((run, index) => partsOfRun(layout, run, momenta[index]));
    this.#putBack = layout.parameters.map(({ blocks, size, firstBlock }, index) =>
      putBack(gpu, {
        ...{ blocks, firstBlock, k, blockSize: size },
        ...{ momentum: this.momentum[index], selection: this.#selection, amplitudes: this.#amplitudes },
      }),
    );
  }

  /** All it dispatches round by round, to be run one by one for how long they take: what is in `momentum` then means nothing. */
  get dispatches(): readonly Dispatch[] {
    return [...this.#fold, ...this.#take, ...this.#packer.dispatches];
  }

  /**
   * Folds the gradients into momentum, takes out what leaves and returns it as a payload, with what `putBack` needs. One
   * submit, one read-back.
   */
  async compress(): Promise<{ payload: Bytes; departed: Departed }> {
    const folds = ++this.#folds;
    const packed = await this.#packer.pack([...this.#source.gradientDispatches, ...this.#take]);
    return { payload: packed.payload, departed: { ...packed, folds } };
  }

  /** Folds the gradients into momentum and takes nothing out. Submits, and does not wait. */
  accumulate(): void {
    this.#source.gpu.submit([...this.#source.gradientDispatches, ...this.#fold]);
    this.#folds++;
  }

  /**
   * Adds what left back to the momentum, times momentumDecay^(folds since it left). Folds are linear, so the momentum is then
   * what it had been had that payload not left; but what left in later payloads stays away. Submits, and does not wait. To
   * do it once is the caller's part.
   */
  putBack({ payload, amplitudes, folds }: Departed): void {
    const { gpu } = this.#source;
    const update = decodeUpdate(this.#layout, this.#k, payload);
    invariant(update.ok, 'a payload of ours is one of the run');
    const selection = selectionOfUpdate(this.#layout, this.#k, update.value);
    const factor = this.#momentumDecay ** (this.#folds - folds);
    gpu.write(this.#selection, selection);
    gpu.write(
      this.#amplitudes,
      amplitudes.map((amplitude) => factor * amplitude),
    );
    gpu.submit(this.#putBack);
  }

  close(): void {
    const { gpu } = this.#source;
    this.#packer.close();
    gpu.free(this.#scratch, this.#selection, this.#amplitudes, ...this.#places, ...this.momentum);
  }
}
