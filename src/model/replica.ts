import type { Bytes } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import { accepted, type Decoded } from '../base/verdict.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { digest, digestHex } from '../kernels/digest.ts';
import { rowsById } from '../kernels/embedding.ts';
import { gradientNorm, partialsPerTensor } from '../kernels/gradient-norm.ts';
import { addInto } from '../kernels/residual-add.ts';
import type { ModelConfig } from './config.ts';
import { readWeights, type ReadWeights } from './half-copy.ts';
import { allocatePages, type Page } from './pages.ts';
import {
  decodeParameters,
  initialParameters,
  parameterLayout,
  type ParameterLayout,
  type ParameterSpec,
} from './parameters.ts';
import type { PassOptions } from './pass-memory.ts';
import type { TokenBatch } from './token-batch.ts';
import { bindPasses, weightsOf, type Passes, type Weights } from './transformer.ts';

/** Gradients are scaled down to this L2 norm where they exceed it. */
export const clipNorm = 1;

/** A parameter tensor with the gradient that passes add to. Both are [rows, cols] f32. */
export interface ReplicaTensor {
  readonly spec: ParameterSpec;
  readonly values: Tensor;
  readonly gradient: Tensor;
}

/** How much of the model's memory a replica keeps: see `peakBytes`. */
export interface ReplicaOptions extends Omit<PassOptions, 'gradients'> {
  readonly seed: number;
}

/**
 * One copy of the model on a GPU, with what training it needs. Parameters change only through `tensors` and `restore`, and not
 * between `beginRound` and the last micro-batch of a round.
 */
export class Replica {
  readonly gpu: Gpu;
  readonly config: ModelConfig;
  readonly layout: ParameterLayout;
  readonly batch: number;
  readonly sequence: number;
  /** In layout order. */
  readonly tensors: readonly ReplicaTensor[];
  /** The same parameters and gradients, as few long runs of them as bindings allow: in layout order, one page as the other. */
  readonly pages: readonly { readonly values: Page; readonly gradient: Page }[];
  /** f32 [2], once `gradientDispatches` have run: the norm of the round's mean gradient, and what to multiply sums by. */
  readonly norm: Tensor;
  readonly gradientDispatches: readonly Dispatch[];
  readonly weights: Weights;
  readonly #setDivisor: (divisor: number) => void;
  readonly #partials: Tensor;
  readonly #passes: Passes;
  readonly #read: ReadWeights;
  readonly #train: readonly Dispatch[];
  /** [N] f32: each row's loss, summed over the micro-batches of the round. */
  readonly #roundLosses: Tensor;
  readonly #digest: readonly Dispatch[];
  readonly #digestLanes: Tensor; // u32 [4]
  #microBatches = 0;

  private constructor(gpu: Gpu, config: ModelConfig, options: Omit<PassOptions, 'gradients'>) {
    const { batch, sequence, most } = options;
    this.gpu = gpu;
    this.config = config;
    this.layout = parameterLayout(config, most);
    this.batch = batch;
    this.sequence = sequence;
    const values = allocatePages(gpu, this.layout, 'values', most);
    const gradient = allocatePages(gpu, this.layout, 'gradient', most);
    this.tensors = this.layout.specs.map((spec, index) => ({
      spec,
      values: values.tensors[index],
      gradient: gradient.tensors[index],
    }));
    this.pages = values.pages.map((page, index) => ({ values: page, gradient: gradient.pages[index] }));
    this.weights = weightsOf(config, this.layout, values.tensors);
    const gradients = weightsOf(config, this.layout, gradient.tensors);
    this.#read = readWeights(gpu, config, this.layout, values, options);
    this.#passes = bindPasses(gpu, config, this.#read.weights, { ...options, gradients });
    this.#roundLosses = gpu.tensor([this.#passes.rows], 'f32', 'roundLosses');
    this.#train = [
      ...this.#passes.train,
      addInto(gpu, { target: this.#roundLosses, y: this.#passes.losses }),
    ];
    this.norm = gpu.tensor([2], 'f32', 'norm');
    this.#partials = gpu.tensor([this.pages.length * partialsPerTensor], 'f32', 'norm.partials');
    const sums = this.pages.map(({ gradient }) => gradient.values);
    const bound = gradientNorm(
      gpu,
      { gradients: sums, partials: this.#partials, norm: this.norm },
      { maxNorm: clipNorm, divisor: 1 },
    );
    this.gradientDispatches = bound.dispatches;
    this.#setDivisor = bound.setDivisor;
    this.#digestLanes = gpu.tensor([4], 'u32', 'digest');
    this.#digest = digest(gpu, {
      tensors: this.pages.map((page) => page.values),
      lanes: this.#digestLanes,
    });
  }

  /** A replica holding `initialParameters(config, seed)`, for micro-batches of `batch` sequences of `sequence` tokens. */
  static create(gpu: Gpu, config: ModelConfig, { seed, ...options }: ReplicaOptions): Replica {
    const replica = new Replica(gpu, config, options);
    replica.load(initialParameters(config, seed));
    return replica;
  }

  /** Overwrites every parameter with `values` [layout.length]: our own values; bytes from outside go through `restore`. */
  load(values: Float32Array<ArrayBuffer>): void {
    invariant(values.length === this.layout.length, 'a value for every parameter');
    for (const { values: page } of this.pages) {
      this.gpu.write(page.values, values.subarray(page.offset, page.offset + page.values.length));
    }
    if (this.#read.refresh.length > 0) this.gpu.submit(this.#read.refresh);
  }

  /** Forgets the gradients and losses of the round before, and takes the parameters as they are now. */
  beginRound(): void {
    this.#microBatches = 0;
    this.gpu.submit(this.#read.refresh, [
      ...this.pages.map(({ gradient }) => gradient.values),
      this.#roundLosses,
    ]);
  }

  /**
   * Adds a micro-batch's mean gradient to the gradients, without waiting for the GPU: one submit for every `batch` sequences.
   * The norm divides by the number of micro-batches since `beginRound`.
   */
  enqueue(batch: TokenBatch): void {
    for (const part of this.#parts(batch)) {
      this.#prepare(part);
      this.gpu.submit(this.#train);
    }
  }

  /**
   * All that a replica dispatches, for one piece of a micro-batch, its first: to be run one by one and in any order, because how long they
   * take is asked. Parameters stay as they are; gradients and losses are those of a round no more.
   */
  prepared(batch: TokenBatch): readonly Dispatch[] {
    this.#prepare(this.#parts(batch)[0]);
    const passes = [...this.#train, ...this.#passes.evaluate];
    return [...this.#read.refresh, ...passes, ...this.gradientDispatches, ...this.#digest];
  }

  /** The mean loss, in nats a token, of all micro-batches since `beginRound`; waits for them. */
  async roundLoss(): Promise<number> {
    invariant(this.#microBatches > 0, 'a micro-batch since the round began');
    const microBatches = this.#microBatches;
    return mean(await this.gpu.readF32(this.#roundLosses)) / microBatches;
  }

  /** `enqueue`, and the mean loss of this micro-batch in nats a token: one read-back for every submit, in the same. */
  async forwardBackward(batch: TokenBatch): Promise<number> {
    const losses = this.#parts(batch).map((part) => {
      this.#prepare(part);
      return this.#lossesAfter(this.#train);
    });
    return mean((await Promise.all(losses)).map(mean));
  }

  /**
   * The mean loss in nats a token over any number of sequences, leaving gradients alone. One submit and one read-back
   * for every `batch` sequences, all in flight together.
   */
  async evaluate({ ids, targets }: TokenBatch): Promise<number> {
    const { rows, evaluate } = this.#passes;
    invariant(ids.length > 0 && ids.length % this.sequence === 0, 'whole sequences');
    invariant(ids.length === targets.length, 'a target for every token');
    const reads: Promise<Float32Array<ArrayBuffer>>[] = [];
    for (let start = 0; start < ids.length; start += rows) {
      const [idsHere, targetsHere] = [ids, targets].map((tokens) => {
        const padded = new Uint32Array(rows); // rows past the end are computed as token 0 and not counted
        padded.set(tokens.subarray(start, start + rows));
        return padded;
      });
      this.#upload(idsHere, targetsHere);
      reads.push(this.#lossesAfter(start === 0 ? [...this.#read.refresh, ...evaluate] : evaluate));
    }
    let total = 0;
    let counted = 0;
    for (const chunk of await Promise.all(reads)) {
      for (let i = 0; i < chunk.length && counted < ids.length; i++, counted++) total += chunk[i];
    }
    return total / ids.length;
  }

  /** L2 norm of the round's mean gradient before clipping, once `gradientDispatches` have run: 8 bytes read back. */
  async gradientNorm(): Promise<number> {
    const [norm] = await this.gpu.readF32(this.norm);
    return norm;
  }

  /** 32 hex digits that differ, but for chance, where any parameter word differs: design section 5. */
  async digest(): Promise<string> {
    this.gpu.submit(this.#digest, [this.#digestLanes]);
    return digestHex(await this.gpu.readU32(this.#digestLanes));
  }

  /**
   * Every parameter word in layout order, little-endian f32, as they are at the call. One read-back a tensor, all begun
   * before the first ends: a larger model as a whole is more than many devices allow in one buffer.
   */
  async snapshot(): Promise<Bytes> {
    const parts = await Promise.all(this.tensors.map(({ values }) => this.gpu.readF32(values)));
    const bytes = new Uint8Array(4 * this.layout.length);
    this.tensors.forEach(({ spec }, index) => {
      const { buffer, byteOffset, byteLength } = parts[index];
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), 4 * spec.offset);
    });
    return bytes;
  }

  /** Takes over a snapshot's parameters, or refuses it and stays as it was. Any bytes may be given. */
  restore(bytes: Bytes): Decoded<undefined> {
    const decoded = decodeParameters(this.layout, bytes);
    if (!decoded.ok) return decoded;
    this.load(decoded.value);
    return accepted(undefined);
  }

  /** Frees the replica's memory on the GPU; the device stays open. */
  close(): void {
    this.#passes.free();
    this.gpu.free(...this.pages.flatMap(({ values, gradient }) => [values.values, gradient.values]));
    this.gpu.free(this.norm, this.#partials, this.#roundLosses, this.#digestLanes, ...this.#read.owned);
  }

  /** A micro-batch as pieces of `batch` sequences: one, unless the replica was made smaller for want of memory. */
  #parts({ ids, targets }: TokenBatch): TokenBatch[] {
    const { rows } = this.#passes;
    invariant(ids.length > 0 && ids.length % rows === 0, `micro-batches of ${this.batch} sequences`);
    invariant(ids.length === targets.length, 'a target for every token');
    return Array.from({ length: ids.length / rows }, (_, part) => {
      const [start, end] = [part * rows, (part + 1) * rows];
      return { ids: ids.subarray(start, end), targets: targets.subarray(start, end) };
    });
  }

  #prepare({ ids, targets }: TokenBatch): void {
    this.#upload(ids, targets);
    this.gpu.write(this.#passes.order, rowsById(ids));
    this.#microBatches++;
    this.#setDivisor(this.#microBatches);
  }

  async #lossesAfter(dispatches: readonly Dispatch[]): Promise<Float32Array<ArrayBuffer>> {
    const [losses] = await this.gpu.submitAndRead(dispatches, [this.#passes.losses]);
    invariant(losses instanceof Float32Array, 'losses are f32');
    return losses;
  }

  #upload(ids: Uint32Array<ArrayBuffer>, targets: Uint32Array<ArrayBuffer>): void {
    this.gpu.write(this.#passes.ids, ids);
    this.gpu.write(this.#passes.targets, targets);
  }
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
