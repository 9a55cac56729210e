import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { attention, attentionBackward } from '../kernels/attention.ts';
import { matmul } from '../kernels/matmul.ts';
import { residualAdd } from '../kernels/residual-add.ts';
import { rmsNorm, rmsNormBackward } from '../kernels/rms-norm.ts';
import { rotary } from '../kernels/rotary.ts';
import { swiglu, swigluBackward } from '../kernels/swiglu.ts';

/** The sizes of one forward pass: N = batch * sequence rows. */
export interface PassShape {
  readonly batch: number;
  readonly sequence: number;
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
}

/** One block's parameters, or the gradients of them. */
export interface BlockWeights {
  readonly attentionNorm: Tensor; // [d]
  readonly qkv: Tensor; // [3d,d]
  readonly output: Tensor; // [d,d]
  readonly mlpNorm: Tensor; // [d]
  readonly gateUp: Tensor; // [2h,d]
  readonly down: Tensor; // [d,h]
}

/** What one block's forward pass leaves for its backward pass. */
export interface BlockActivations {
  readonly attentionNormed: Tensor; // [N,d]
  readonly attentionRstd: Tensor; // [N]
  readonly qkv: Tensor; // [N,3d], q and k rotated
  readonly attended: Tensor; // [N,d]
  readonly lse: Tensor; // [B,H,T]
  readonly middle: Tensor; // [N,d], the residual stream after attention
  readonly mlpNormed: Tensor; // [N,d]
  readonly mlpRstd: Tensor; // [N]
  readonly gateUp: Tensor; // [N,2h]
  readonly activated: Tensor; // [N,h]
}

/** Gradients on the way through one block; every block overwrites them. */
export interface BackwardScratch {
  readonly rows: Tensor; // [N,d], of a norm's output or of attention's
  readonly qkv: Tensor; // [N,3d]
  readonly delta: Tensor; // [B,H,T]
  readonly gateUp: Tensor; // [N,2h]
  readonly activated: Tensor; // [N,h]
}

/** Makes one f32 tensor of a workspace. */
export type Allocate = (name: string, shape: readonly number[]) => Tensor;

export function blockActivations(allocate: Allocate, shape: PassShape): BlockActivations {
  const { batch, sequence, width, heads, hidden } = shape;
  const rows = batch * sequence;
  return {
    attentionNormed: allocate('attentionNormed', [rows, width]),
    attentionRstd: allocate('attentionRstd', [rows]),
    qkv: allocate('qkv', [rows, 3 * width]),
    attended: allocate('attended', [rows, width]),
    lse: allocate('lse', [batch, heads, sequence]),
    middle: allocate('middle', [rows, width]),
    mlpNormed: allocate('mlpNormed', [rows, width]),
    mlpRstd: allocate('mlpRstd', [rows]),
    gateUp: allocate('gateUp', [rows, 2 * hidden]),
    activated: allocate('activated', [rows, hidden]),
  };
}

export function backwardScratch(allocate: Allocate, shape: PassShape): BackwardScratch {
  const { batch, sequence, width, heads, hidden } = shape;
  const rows = batch * sequence;
  return {
    rows: allocate('dRows', [rows, width]),
    qkv: allocate('dQkv', [rows, 3 * width]),
    delta: allocate('delta', [batch, heads, sequence]),
    gateUp: allocate('dGateUp', [rows, 2 * hidden]),
    activated: allocate('dActivated', [rows, hidden]),
  };
}

/** out = x W': x [N,in], W [out,in], out [N,out]. */
export function linear(gpu: Gpu, x: Tensor, w: Tensor, out: Tensor): Dispatch {
  const [n, k] = w.shape;
  return matmul(gpu, { a: x, b: w, out, m: x.length / k, n, k, transpose: 'nt' });
}

/** The two gradients of out = x W': dW [out,in] += dOut' x, and dX [N,in] = dOut W. */
export function linearBackward(
  gpu: Gpu,
  tensors: { x: Tensor; w: Tensor; dOut: Tensor; dX: Tensor; dW: Tensor },
): Dispatch[] {
  const { x, w, dOut, dX, dW } = tensors;
  const [outputs, inputs] = w.shape;
  const rows = x.length / inputs;
  return [
    matmul(gpu, {
      a: dOut,
      b: x,
      out: dW,
      m: outputs,
      n: inputs,
      k: rows,
      transpose: 'tn',
      accumulate: true,
    }),
    matmul(gpu, { a: dOut, b: w, out: dX, m: rows, n: inputs, k: outputs, transpose: 'nn' }),
  ];
}

/**
 * One block forward: middle = input + attention(norm(input)), output = middle + mlp(norm(middle)). `input` and `output`
 * are [N,d] and differ; `scratch` [N,d] and `rotaryTable` [T,hs/2,2] belong to the pass.
 */
export function blockForward(
  gpu: Gpu,
  shape: PassShape,
  weights: BlockWeights,
  activations: BlockActivations,
  stream: { input: Tensor; output: Tensor; scratch: Tensor; rotaryTable: Tensor },
): Dispatch[] {
  const { batch, sequence, heads } = shape;
  const headSize = shape.width / heads;
  const {
    attentionNormed,
    attentionRstd,
    qkv,
    attended,
    lse,
    middle,
    mlpNormed,
    mlpRstd,
    gateUp,
    activated,
  } = activations;
  const { input, output, scratch, rotaryTable } = stream;
  return [
    rmsNorm(gpu, { x: input, gain: weights.attentionNorm, out: attentionNormed, rstd: attentionRstd }),
    linear(gpu, attentionNormed, weights.qkv, qkv),
    rotary(gpu, { qkv, table: rotaryTable, sequence, heads, headSize }),
    attention(gpu, { qkv, out: attended, lse, batch, sequence, heads, headSize }),
    linear(gpu, attended, weights.output, scratch),
    residualAdd(gpu, { x: input, y: scratch, out: middle }),
    rmsNorm(gpu, { x: middle, gain: weights.mlpNorm, out: mlpNormed, rstd: mlpRstd }),
    linear(gpu, mlpNormed, weights.gateUp, gateUp),
    swiglu(gpu, { gateUp, out: activated }),
    linear(gpu, activated, weights.down, scratch),
    residualAdd(gpu, { x: middle, y: scratch, out: output }),
  ];
}

/**
 * One block backward. `dStream` [N,d] holds the gradient of the block's output and is turned, in place, into that of its
 * input: a residual connection passes it on unchanged, and each norm adds its branch. Parameter gradients accumulate.
 */
export function blockBackward(
  gpu: Gpu,
  shape: PassShape,
  weights: BlockWeights,
  gradients: BlockWeights,
  activations: BlockActivations,
  stream: { input: Tensor; dStream: Tensor; scratch: BackwardScratch; rotaryTable: Tensor },
): Dispatch[] {
  const { batch, sequence, heads } = shape;
  const headSize = shape.width / heads;
  const {
    attentionNormed,
    attentionRstd,
    qkv,
    attended,
    lse,
    middle,
    mlpNormed,
    mlpRstd,
    gateUp,
    activated,
  } = activations;
  const { input, dStream, scratch, rotaryTable } = stream;
  const through = (
    w: 'qkv' | 'output' | 'gateUp' | 'down',
    x: Tensor,
    dOut: Tensor,
    dX: Tensor,
  ): Dispatch[] => linearBackward(gpu, { x, w: weights[w], dOut, dX, dW: gradients[w] });
  return [
    ...through('down', activated, dStream, scratch.activated),
    swigluBackward(gpu, { gateUp, dOut: scratch.activated, dGateUp: scratch.gateUp }),
    ...through('gateUp', mlpNormed, scratch.gateUp, scratch.rows),
    rmsNormBackward(gpu, {
      x: middle,
      gain: weights.mlpNorm,
      rstd: mlpRstd,
      dOut: scratch.rows,
      dX: dStream,
      dGain: gradients.mlpNorm,
    }),
    ...through('output', attended, dStream, scratch.rows),
    ...attentionBackward(gpu, {
      qkv,
      out: attended,
      lse,
      dOut: scratch.rows,
      dQkv: scratch.qkv,
      delta: scratch.delta,
      batch,
      sequence,
      heads,
      headSize,
    }),
    rotary(gpu, { qkv: scratch.qkv, table: rotaryTable, sequence, heads, headSize, inverse: true }),
    ...through('qkv', attentionNormed, scratch.qkv, scratch.rows),
    rmsNormBackward(gpu, {
      x: input,
      gain: weights.attentionNorm,
      rstd: attentionRstd,
      dOut: scratch.rows,
      dX: dStream,
      dGain: gradients.attentionNorm,
    }),
  ];
}
