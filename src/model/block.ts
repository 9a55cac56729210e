import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import { slice, type Tensor } from '../gpu/tensor.ts';
import { attention, attentionBackward } from '../kernels/attention.ts';
import { matmul, type Epilogue, type MatmulOperands } from '../kernels/matmul.ts';
import { rmsNorm, rmsNormBackward } from '../kernels/rms-norm.ts';
import { rotary } from '../kernels/rotary.ts';
import type { BackwardScratch, BlockActivations } from './pass-memory.ts';

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

/** out = x W': x [N,in], W [out,in], out [N,out]; an epilogue goes on from there in the same dispatch. */
export function linear(gpu: Gpu, x: Tensor, w: Tensor, out: Tensor, epilogue?: Epilogue): Dispatch {
  const [n, k] = w.shape;
  const operands = { a: x, b: w, out, m: x.length / k, n, k, transpose: 'nt' } as const;
  return matmul(gpu, epilogue === undefined ? operands : { ...operands, epilogue });
}

/** What the gradient of x in `linearBackward` becomes: overwritten, added to, or put through SwiGLU's backward pass. */
type InputGradient = Pick<MatmulOperands, 'accumulate' | 'epilogue'>;

/** The two gradients of out = x W': dX [N,in] = dOut W, whose epilogue may make x again, and dW [out,in] += scale dOut' x. */
export function linearBackward(
  gpu: Gpu,
  tensors: { x: Tensor; w: Tensor; dOut: Tensor; dX: Tensor; dW: Tensor; scale: number },
  how: InputGradient = {},
): Dispatch[] {
  const { x, w, dOut, dX, dW, scale } = tensors;
  const [outputs, inputs] = w.shape;
  const rows = x.length / inputs;
  const ofW = { m: outputs, n: inputs, k: rows, transpose: 'tn', accumulate: true, scale } as const;
  const ofX = { m: rows, n: inputs, k: outputs, transpose: 'nn', ...how } as const;
  return [matmul(gpu, { a: dOut, b: w, out: dX, ...ofX }), matmul(gpu, { a: dOut, b: x, out: dW, ...ofW })];
}

/**
 * One block forward: middle = input + attention(norm(input)), output = middle + mlp(norm(middle)). `input` and `output`
 * are [N,d] and differ; without `output` only the activations are made. `rotaryTable` [T,hs/2,2] belongs to the pass.
 */
export function blockForward(
  gpu: Gpu,
  shape: PassShape,
  weights: BlockWeights,
  activations: BlockActivations<Tensor>,
  stream: { input: Tensor; output: Tensor | undefined; rotaryTable: Tensor },
): Dispatch[] {
  const { batch, sequence, heads } = shape;
  const headSize = shape.width / heads;
  const { attentionNormed, attentionRstd, qkv, attended, lse } = activations;
  const { middle, mlpNormed, mlpRstd, gateUp, activated } = activations;
  const { input, output, rotaryTable } = stream;
  const residual = (add: Tensor) => ({ kind: 'residual', add }) as const;
  return [
    rmsNorm(gpu, { x: input, gain: weights.attentionNorm, out: attentionNormed, rstd: attentionRstd }),
    linear(gpu, attentionNormed, weights.qkv, qkv),
    rotary(gpu, { qkv, table: rotaryTable, sequence, heads, headSize }),
    attention(gpu, {
      ...{ qkv, out: attended, lse, batch, sequence, heads, headSize },
      rotary: { table: rotaryTable, turned: true },
    }),
    linear(gpu, attended, weights.output, middle, residual(input)),
    rmsNorm(gpu, { x: middle, gain: weights.mlpNorm, out: mlpNormed, rstd: mlpRstd }),
    linear(gpu, mlpNormed, weights.gateUp, gateUp, { kind: 'swiglu', activated }),
    ...(output === undefined ? [] : [linear(gpu, activated, weights.down, output, residual(middle))]),
  ];
}

/**
 * One block backward. `dStream` [N,d] holds the gradient of the block's output and is turned, in place, into that of its
 * input: a residual connection passes it on unchanged, and each norm adds its branch. `scale` times what comes of it is added
 * to the gradients of parameters.
 */
export function blockBackward(
  gpu: Gpu,
  shape: PassShape,
  weights: BlockWeights,
  gradients: BlockWeights,
  activations: BlockActivations<Tensor>,
  stream: { input: Tensor; scratch: BackwardScratch<Tensor>; rotaryTable: Tensor; scale: number },
): Dispatch[] {
  const { batch, sequence, heads, width, hidden } = shape;
  const headSize = width / heads;
  const rows = batch * sequence;
  const { attentionNormed, attentionRstd, qkv, attended, lse } = activations;
  const { middle, mlpNormed, mlpRstd, gateUp, activated } = activations;
  const { input, scratch, rotaryTable, scale } = stream;
  const { dStream, delta } = scratch;
  const dRows = scratch.rows;
  const dGateUp = slice(scratch.wide, 0, [rows, 2 * hidden]);
  const dQkv = slice(scratch.wide, 0, [rows, 3 * width]); // by then dGateUp is used up
  const through = (
    w: 'qkv' | 'output' | 'gateUp' | 'down',
    x: Tensor,
    dOut: Tensor,
    dX: Tensor,
    how?: InputGradient,
  ): Dispatch[] => linearBackward(gpu, { x, w: weights[w], dOut, dX, dW: gradients[w], scale }, how);
  const norm = (name: 'attentionNorm' | 'mlpNorm', x: Tensor, rstd: Tensor): Dispatch[] => [
    rmsNormBackward(
      gpu,
      { x, gain: weights[name], rstd, dOut: dRows, dX: dStream, dGain: gradients[name] },
      { scale },
    ),
  ];
  return [
    ...through('down', activated, dStream, dGateUp, {
      epilogue: { kind: 'swiglu-backward', gateUp, activated },
    }),
    ...through('gateUp', mlpNormed, dGateUp, dRows),
    ...norm('mlpNorm', middle, mlpRstd),
    ...through('output', attended, dStream, dRows),
    ...attentionBackward(gpu, {
      qkv,
      out: attended,
      lse,
      dOut: dRows,
      dQkv,
      delta,
      batch,
      sequence,
      heads,
      headSize,
      rotary: { table: rotaryTable, turned: true },
    }),
    ...through('qkv', attentionNormed, dQkv, dRows),
    ...norm('attentionNorm', input, attentionRstd),
  ];
}
