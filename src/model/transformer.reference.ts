import { attentionBackwardReference, attentionReference } from '../kernels/attention.reference.ts';
import { crossEntropyReference } from '../kernels/cross-entropy.reference.ts';
import { embeddingBackwardReference, embeddingReference } from '../kernels/embedding.reference.ts';
import { matmulReference } from '../kernels/matmul.reference.ts';
import { residualAddReference } from '../kernels/residual-add.reference.ts';
import { rmsNormBackwardReference, rmsNormReference } from '../kernels/rms-norm.reference.ts';
import { rotaryReference } from '../kernels/rotary.reference.ts';
import { swigluBackwardReference, swigluReference } from '../kernels/swiglu.reference.ts';
import type { ModelConfig } from './config.ts';
import { gainsSlot, parameterLayout } from './parameters.ts';
import type { TokenBatch } from './token-batch.ts';

interface BlockState {
  readonly input: Float64Array; // [N,d]
  readonly attentionNormed: Float64Array; // [N,d]
  readonly qkv: Float64Array; // [N,3d], q and k rotated
  readonly attended: Float64Array; // [N,d]
  readonly middle: Float64Array; // [N,d], after attention's residual
  readonly mlpNormed: Float64Array; // [N,d]
  readonly gateUp: Float64Array; // [N,2h]
  readonly activated: Float64Array; // [N,h]
}

/**
 * The whole model in float64, composed from the kernels' references: the truth for the GPU model. Reads like the model:
 * x = embedding[ids]; per block x += attention(norm(x) qkv') output', x += swiglu(norm(x) gateUp') down';
 * logits = norm(x) head'. `parameters` is [layout.length] in layout order.
 */
export class ReferenceTransformer {
  readonly #config: ModelConfig;
  readonly #parameters: Float64Array;
  readonly #sequence: number;

  constructor(config: ModelConfig, parameters: Float64Array, sequence: number) {
    this.#config = config;
    this.#parameters = parameters;
    this.#sequence = sequence;
  }

  /** Mean cross-entropy in nats a token. */
  loss(batch: TokenBatch): number {
    return mean(this.#forward(batch).losses);
  }

  /** Logits [N,V] for ids [N]. */
  logits(ids: Uint32Array<ArrayBuffer>): Float64Array {
    return this.#forward({ ids, targets: ids }).logits;
  }

  /** Mean cross-entropy and its gradient by every parameter, [layout.length] in layout order. */
  lossAndGradients(batch: TokenBatch): { loss: number; gradients: Float64Array } {
    const { width, blocks, hidden, vocabulary } = this.#config;
    const rows = batch.ids.length;
    const { states, last, lastNormed, losses, dLogits } = this.#forward(batch);
    const gradients = new Float64Array(this.#parameters.length);
    const addTo = (target: Float64Array, values: Float64Array): void => {
      for (let i = 0; i < values.length; i++) target[i] += values[i];
    };
    /** Through y = x W': adds y's share to W's gradient, returns dX [rows, inputs]. */
    const linearBackward = (
      name: string,
      x: Float64Array,
      dY: Float64Array,
      inputs: number,
    ): Float64Array => {
      const outputs = dY.length / rows;
      const shape = { m: outputs, n: inputs, k: rows, transpose: 'tn' } as const;
      addTo(this.#view(gradients, name), matmulReference(dY, x, shape));
      return matmulReference(dY, this.#view(this.#parameters, name), {
        m: rows,
        n: inputs,
        k: outputs,
        transpose: 'nn',
      });
    };
    /** Through a norm whose input also goes on unchanged: adds to dX. */
    const normBackward = (slot: number, x: Float64Array, dNormed: Float64Array, dX: Float64Array): void => {
      const through = rmsNormBackwardReference(x, this.#gains(this.#parameters, slot), dNormed);
      addTo(dX, through.dX);
      addTo(this.#gains(gradients, slot), through.dGain);
    };

    const dX = new Float64Array(rows * width); // [N,d], gradient of the residual stream
    const dLogitsMean = dLogits.map((value) => value / rows); // [N,V]
    normBackward(2 * blocks, last, linearBackward('head', lastNormed, dLogitsMean, width), dX);
    for (let block = blocks - 1; block >= 0; block--) {
      const state = states[block];
      const dActivated = linearBackward(`blocks.${block}.down`, state.activated, dX, hidden);
      const dGateUp = swigluBackwardReference(state.gateUp, dActivated, rows, hidden);
      const dMlpNormed = linearBackward(`blocks.${block}.gateUp`, state.mlpNormed, dGateUp, width);
      normBackward(gainsSlot(block, 'mlp'), state.middle, dMlpNormed, dX);
      const dAttended = linearBackward(`blocks.${block}.output`, state.attended, dX, width);
      const dRotated = attentionBackwardReference(state.qkv, dAttended, this.#attentionShape(rows));
      const dQkv = rotaryReference(dRotated, { ...this.#attentionShape(rows), inverse: true });
      const dNormed = linearBackward(`blocks.${block}.qkv`, state.attentionNormed, dQkv, width);
      normBackward(gainsSlot(block, 'attention'), state.input, dNormed, dX);
    }
    addTo(this.#view(gradients, 'embedding'), embeddingBackwardReference(batch.ids, dX, vocabulary, width));
    return { loss: mean(losses), gradients };
  }

  #forward({ ids, targets }: TokenBatch) {
    const { width, blocks, hidden, vocabulary } = this.#config;
    const rows = ids.length;
    const linear = (name: string, x: Float64Array, inputs: number, outputs: number): Float64Array =>
      matmulReference(x, this.#view(this.#parameters, name), {
        m: rows,
        n: outputs,
        k: inputs,
        transpose: 'nt',
      });
    const norm = (slot: number, x: Float64Array): Float64Array =>
      rmsNormReference(x, this.#gains(this.#parameters, slot)).out;

    const states: BlockState[] = [];
    let x = embeddingReference(ids, this.#view(this.#parameters, 'embedding'), width); // [N,d]
    for (let block = 0; block < blocks; block++) {
      const attentionNormed = norm(gainsSlot(block, 'attention'), x); // [N,d]
      const projected = linear(`blocks.${block}.qkv`, attentionNormed, width, 3 * width); // [N,3d]
      const qkv = rotaryReference(projected, this.#attentionShape(rows)); // [N,3d]
      const attended = attentionReference(qkv, this.#attentionShape(rows)).out; // [N,d]
      const middle = residualAddReference(x, linear(`blocks.${block}.output`, attended, width, width)); // [N,d]
      const mlpNormed = norm(gainsSlot(block, 'mlp'), middle); // [N,d]
      const gateUp = linear(`blocks.${block}.gateUp`, mlpNormed, width, 2 * hidden); // [N,2h]
      const activated = swigluReference(gateUp, rows, hidden); // [N,h]
      states.push({ input: x, attentionNormed, qkv, attended, middle, mlpNormed, gateUp, activated });
      x = residualAddReference(middle, linear(`blocks.${block}.down`, activated, hidden, width)); // [N,d]
    }
    const lastNormed = norm(2 * blocks, x); // [N,d]
    const logits = linear('head', lastNormed, width, vocabulary); // [N,V]
    return { states, last: x, lastNormed, logits, ...crossEntropyReference(logits, targets, vocabulary) };
  }

  #attentionShape(rows: number) {
    const { width, heads } = this.#config;
    return { batch: rows / this.#sequence, sequence: this.#sequence, heads, headSize: width / heads };
  }

  /** The part of a flat vector that belongs to a tensor: the same memory. */
  #view(flat: Float64Array, name: string): Float64Array {
    const spec = parameterLayout(this.#config).specs.find((candidate) => candidate.name === name);
    if (spec === undefined) throw new RangeError(`no tensor is called ${name}`);
    return flat.subarray(spec.offset, spec.offset + spec.rows * spec.cols);
  }

  #gains(flat: Float64Array, slot: number): Float64Array {
    const { width } = this.#config;
    return this.#view(flat, 'gains').subarray(slot * width, (slot + 1) * width);
  }
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
