import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import { slice, type Tensor } from '../gpu/tensor.ts';
import { attentionDecode } from '../kernels/attention-decode.ts';
import { embedding } from '../kernels/embedding.ts';
import { rmsNorm } from '../kernels/rms-norm.ts';
import { rotaryTable } from '../kernels/rotary.ts';
import { rowProduct } from '../kernels/row-product.ts';
import { blockForward } from './block.ts';
import type { ModelConfig } from './config.ts';
import type { BlockActivations } from './pass-memory.ts';
import type { Weights } from './transformer.ts';

/** So many new tokens go through the model one after another; more at once. Each way has kernels of its own to compile. */
const mostSteps = 16;

/** What the rows of one pass need besides the caches; blocks share it. */
interface Workspace {
  readonly ids: Tensor; // u32 [N]
  readonly streams: readonly [Tensor, Tensor]; // [N,d], turn about
  readonly activations: Omit<BlockActivations<Tensor>, 'qkv'>;
  readonly normed: Tensor; // [N,d]
  readonly rstd: Tensor; // [N]
}

/**
 * One sequence through a model that keeps the keys and values of what it has seen, so that one more token costs one row of
 * every product and not all of them again. Parameters are read as they are at each call: what was seen before they changed
 * stays as it was computed.
 */
export class Decoder {
  readonly #gpu: Gpu;
  readonly #config: ModelConfig;
  readonly #weights: Weights;
  /** Tokens a cache holds. */
  readonly #capacity: number;
  readonly #owned: Tensor[] = [];
  /** Of each block, q|k|v of every position, q and k turned: [capacity,3d]. */
  readonly #caches: readonly Tensor[];
  readonly #table: Tensor; // [capacity,hs/2,2]
  readonly #position: Tensor; // u32 [1]
  readonly #logits: Tensor; // [V]
  readonly #row: Workspace;
  /** Everything of a step but the product that writes into a cache at the position: by block, what comes before and after. */
  readonly #steps: readonly { readonly before: readonly Dispatch[]; readonly after: readonly Dispatch[] }[];
  readonly #head: readonly Dispatch[];
  #whole: { readonly workspace: Workspace; readonly dispatches: readonly Dispatch[] } | undefined;
  /** The tokens whose keys and values the caches hold. */
  #seen: readonly number[] = [];

  constructor(gpu: Gpu, config: ModelConfig, weights: Weights, capacity: number) {
    invariant(capacity >= 1 && capacity <= config.context, 'as many tokens as the context holds');
    this.#gpu = gpu;
    this.#config = config;
    this.#weights = weights;
    this.#capacity = capacity;
    const { width, heads, blocks, vocabulary } = config;
    const headSize = width / heads;
    this.#caches = Array.from({ length: blocks }, (_, b) => this.#own(`cache.${b}`, [capacity, 3 * width]));
    this.#table = this.#own('rotary', [capacity, headSize / 2, 2]);
    gpu.write(this.#table, rotaryTable(capacity, headSize));
    this.#position = this.#own('position', [1], 'u32');
    this.#logits = this.#own('logits', [vocabulary]);
    this.#row = this.#workspace(1);
    this.#steps = weights.blocks.map((_, b) => this.#step(b));
    this.#head = this.#headOf(this.#row.normed);
    this.#products(0); // compiled with all else where a host prepares
  }

  /**
   * Logits [V] of the token that follows `tokens`, at most as many as the caches hold. Goes on from the caches where `tokens`
   * begins with those of the call before; otherwise, and where many are new, computes all of them.
   */
  async logitsAfter(tokens: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
    const known = this.#seen.length;
    invariant(tokens.length >= 1 && tokens.length <= this.#capacity, 'tokens that the caches hold');
    const goesOn = known < tokens.length && this.#seen.every((token, i) => token === tokens[i]);
    if (goesOn && tokens.length - known <= mostSteps) {
      for (let position = known; position < tokens.length; position++) {
        this.#submitStep(tokens[position], position, position === tokens.length - 1);
      }
    } else {
      this.#submitWhole(tokens);
    }
    this.#seen = tokens.slice();
    return this.#gpu.readF32(this.#logits);
  }

  free(): void {
    this.#gpu.free(...this.#owned);
  }

  #submitStep(token: number, position: number, isLast: boolean): void {
    this.#gpu.write(this.#row.ids, Uint32Array.of(token));
    this.#gpu.write(this.#position, Uint32Array.of(position));
    const products = this.#products(position);
    const body = this.#steps.flatMap(({ before, after }, b) => [...before, products[b], ...after]);
    this.#gpu.submit([...this.#embed(this.#row), ...body, ...(isLast ? this.#head : [])]);
  }

  #submitWhole(tokens: readonly number[]): void {
    this.#whole ??= this.#bindWhole();
    const { workspace, dispatches } = this.#whole;
    const ids = new Uint32Array(this.#capacity); // attention is causal: what follows the last token changes nothing
    ids.set(tokens);
    this.#gpu.write(workspace.ids, ids);
    const { width } = this.#config;
    const last = slice(workspace.normed, (tokens.length - 1) * width, [1, width]);
    this.#gpu.submit([...dispatches, ...this.#headOf(last)]);
  }

  /** All positions through the model, as in training, except that each block leaves q|k|v in its cache. */
  #bindWhole(): { workspace: Workspace; dispatches: Dispatch[] } {
    const { width, heads, hidden } = this.#config;
    const shape = { batch: 1, sequence: this.#capacity, width, heads, hidden };
    const workspace = this.#workspace(this.#capacity);
    const { streams, activations } = workspace;
    const blocks = this.#weights.blocks.flatMap((block, b) =>
      blockForward(
        this.#gpu,
        shape,
        block,
        { ...activations, qkv: this.#caches[b] },
        { input: streams[b % 2], output: streams[(b + 1) % 2], rotaryTable: this.#table },
      ),
    );
    const dispatches = [...this.#embed(workspace), ...blocks, this.#finalNorm(workspace)];
    return { workspace, dispatches };
  }

  /** One block of a step, around the product that makes q|k|v. */
  #step(b: number): { before: Dispatch[]; after: Dispatch[] } {
    const gpu = this.#gpu;
    const { width, heads, blocks } = this.#config;
    const weights = this.#weights.blocks[b];
    const { streams, activations } = this.#row;
    const { attentionNormed, attentionRstd, attended, middle, mlpNormed, mlpRstd, activated } = activations;
    const [input, output] = [streams[b % 2], streams[(b + 1) % 2]];
    const cached = { cache: this.#caches[b], table: this.#table, position: this.#position };
    return {
      before: [
        rmsNorm(gpu, { x: input, gain: weights.attentionNorm, out: attentionNormed, rstd: attentionRstd }),
      ],
      after: [
        attentionDecode(gpu, { ...cached, heads, headSize: width / heads, out: attended }),
        rowProduct(gpu, { x: attended, w: weights.output, out: middle, add: input }),
        rmsNorm(gpu, { x: middle, gain: weights.mlpNorm, out: mlpNormed, rstd: mlpRstd }),
        rowProduct(gpu, { x: mlpNormed, w: weights.gateUp, out: activated, swiglu: true }),
        rowProduct(gpu, { x: activated, w: weights.down, out: output, add: middle }),
        ...(b === blocks - 1 ? [this.#finalNorm(this.#row)] : []),
      ],
    };
  }

  /** Of each block, the product that writes q|k|v of one row straight into its cache. */
  #products(position: number): Dispatch[] {
    const packed = 3 * this.#config.width;
    const { attentionNormed } = this.#row.activations;
    return this.#weights.blocks.map(({ qkv }, b) => {
      const out = slice(this.#caches[b], position * packed, [1, packed]);
      return rowProduct(this.#gpu, { x: attentionNormed, w: qkv, out });
    });
  }

  #embed({ ids, streams }: Workspace): Dispatch[] {
    let first = 0;
    return this.#weights.embedding.map((table) => {
      const dispatch = embedding(this.#gpu, { ids, table, out: streams[0], first });
      first += table.shape[0];
      return dispatch;
    });
  }

  #finalNorm({ streams, normed, rstd }: Workspace): Dispatch {
    const x = streams[this.#config.blocks % 2];
    return rmsNorm(this.#gpu, { x, gain: this.#weights.finalNorm, out: normed, rstd });
  }

  /** normed [1,d] -> logits. */
  #headOf(normed: Tensor): Dispatch[] {
    let first = 0;
    return this.#weights.head.map((w) => {
      const [rows] = w.shape;
      const out = slice(this.#logits, first, [1, rows]);
      first += rows;
      return rowProduct(this.#gpu, { x: normed, w, out });
    });
  }

  #workspace(rows: number): Workspace {
    const { width, heads, hidden } = this.#config;
    const own = (name: string, ...shape: number[]): Tensor => this.#own(name, [rows, ...shape]);
    return {
      ids: this.#own('ids', [rows], 'u32'),
      streams: [own('stream.0', width), own('stream.1', width)],
      activations: {
        attentionNormed: own('attentionNormed', width),
        attentionRstd: own('attentionRstd'),
        attended: own('attended', width),
        lse: own('lse', heads),
        middle: own('middle', width),
        mlpNormed: own('mlpNormed', width),
        mlpRstd: own('mlpRstd'),
        gateUp: own('gateUp', 2 * hidden),
        activated: own('activated', hidden),
      },
      normed: own('lastNormed', width),
      rstd: own('lastRstd'),
    };
  }

  #own(name: string, shape: readonly number[], dtype: 'f32' | 'u32' = 'f32'): Tensor {
    const tensor = this.#gpu.tensor(shape, dtype, name);
    this.#owned.push(tensor);
    return tensor;
  }
}
