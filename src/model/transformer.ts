import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import { slice, type Tensor } from '../gpu/tensor.ts';
import { crossEntropy } from '../kernels/cross-entropy.ts';
import { embedding, embeddingBackward } from '../kernels/embedding.ts';
import { rmsNorm, rmsNormBackward } from '../kernels/rms-norm.ts';
import { rotaryTable } from '../kernels/rotary.ts';
import {
  backwardScratch,
  type Allocate,
  blockActivations,
  blockBackward,
  blockForward,
  linear,
  linearBackward,
  type BlockWeights,
  type PassShape,
} from './block.ts';
import { configProblem, type ModelConfig } from './config.ts';
import { gainsSlot } from './parameters.ts';

/** Every parameter by its role, or the gradients of them. */
export interface Weights {
  readonly embedding: Tensor; // [V,d]
  readonly blocks: readonly BlockWeights[];
  readonly finalNorm: Tensor; // [d]
  readonly head: Tensor; // [V,d]
}

/** Finds each role's tensor by its name in the layout; norms see their slices of the one gains tensor. */
export function weightsOf(config: ModelConfig, named: (name: string) => Tensor): Weights {
  const { width, blocks } = config;
  const gains = named('gains'); // [1,(2*blocks+1)*d]
  const gain = (slot: number): Tensor => slice(gains, slot * width, [width]);
  return {
    embedding: named('embedding'),
    blocks: Array.from({ length: blocks }, (_, block) => ({
      attentionNorm: gain(gainsSlot(block, 'attention')),
      qkv: named(`blocks.${block}.qkv`),
      output: named(`blocks.${block}.output`),
      mlpNorm: gain(gainsSlot(block, 'mlp')),
      gateUp: named(`blocks.${block}.gateUp`),
      down: named(`blocks.${block}.down`),
    })),
    finalNorm: gain(2 * blocks),
    head: named('head'),
  };
}

/** Everything of one (batch, sequence) that is not the model: activations, and dispatches bound to them once. */
export interface Passes {
  readonly rows: number;
  readonly ids: Tensor; // u32 [N]
  readonly targets: Tensor; // u32 [N]
  readonly order: Tensor; // u32 [N], `rowsById(ids)`; for `train`
  /** The last row of logits is that of the last position. Training overwrites them. */
  readonly logits: Tensor; // [N,V]
  readonly losses: Tensor; // [N], nats
  /** ids -> logits. */
  readonly forward: readonly Dispatch[];
  /** ids, targets -> losses. */
  readonly evaluate: readonly Dispatch[];
  /** ids, targets -> losses, and d mean(losses) / d parameter added to every gradient. Clear `dStream` before. */
  readonly train: readonly Dispatch[];
  readonly dStream: Tensor | undefined; // [N,d]
  readonly free: () => void;
}

/**
 * Binds the passes of a model for `batch` sequences of `sequence` tokens. With `gradients`, every block keeps its
 * activations and `train` is there; without, blocks share one set, so memory does not grow with depth, and `train` is
 * empty.
 */
export function bindPasses(
  gpu: Gpu,
  config: ModelConfig,
  weights: Weights,
  { batch, sequence, gradients }: { batch: number; sequence: number; gradients?: Weights },
): Passes {
  invariant(configProblem(config) === undefined, 'a valid config');
  invariant(batch >= 1 && sequence >= 1 && sequence <= config.context, 'sequences within the context');
  const { width, blocks, heads, hidden, vocabulary } = config;
  const rows = batch * sequence;
  const shape: PassShape = { batch, sequence, width, heads, hidden };
  const owned: Tensor[] = [];
  const own = (tensor: Tensor): Tensor => {
    owned.push(tensor);
    return tensor;
  };
  const allocate: Allocate = (name, dims) => own(gpu.tensor(dims, 'f32', name));

  const ids = own(gpu.tensor([rows], 'u32', 'ids'));
  const targets = own(gpu.tensor([rows], 'u32', 'targets'));
  const order = own(gpu.tensor([rows], 'u32', 'order'));
  const logits = allocate('logits', [rows, vocabulary]);
  const losses = allocate('losses', [rows]);
  const lastNormed = allocate('lastNormed', [rows, width]);
  const lastRstd = allocate('lastRstd', [rows]);
  const scratch = allocate('scratch', [rows, width]);
  const table = own(
    gpu.tensor([sequence, width / heads / 2, 2], 'f32', 'rotary', rotaryTable(sequence, width / heads)),
  );
  const kept = gradients !== undefined;
  const sets = Array.from({ length: kept ? blocks : 1 }, () => blockActivations(allocate, shape));
  // What enters block b is streams[b]; what leaves the last block is streams[blocks]. Two take turns if none is kept.
  const made = Array.from({ length: kept ? blocks + 1 : 2 }, (_, i) =>
    allocate(`stream.${i}`, [rows, width]),
  );
  const streams = Array.from({ length: blocks + 1 }, (_, b) => made[b % made.length]);
  const last = streams[blocks];

  const forward = [
    embedding(gpu, { ids, table: weights.embedding, out: streams[0] }),
    ...weights.blocks.flatMap((block, b) =>
      blockForward(gpu, shape, block, sets[b % sets.length], {
        input: streams[b],
        output: streams[b + 1],
        scratch,
        rotaryTable: table,
      }),
    ),
    rmsNorm(gpu, { x: last, gain: weights.finalNorm, out: lastNormed, rstd: lastRstd }),
    linear(gpu, lastNormed, weights.head, logits),
  ];
  const lossOf = (gradient: boolean): Dispatch =>
    crossEntropy(gpu, { logits, targets, losses, gradient, scale: 1 / rows });

  const train: Dispatch[] = [];
  let dStream: Tensor | undefined;
  if (gradients !== undefined) {
    dStream = allocate('dStream', [rows, width]);
    const back = backwardScratch(allocate, shape);
    train.push(
      ...forward,
      lossOf(true),
      ...linearBackward(gpu, {
        x: lastNormed,
        w: weights.head,
        dOut: logits,
        dX: back.rows,
        dW: gradients.head,
      }),
      rmsNormBackward(gpu, {
        x: last,
        gain: weights.finalNorm,
        rstd: lastRstd,
        dOut: back.rows,
        dX: dStream,
        dGain: gradients.finalNorm,
      }),
    );
    for (let b = blocks - 1; b >= 0; b--) {
      const stream = { input: streams[b], dStream, scratch: back, rotaryTable: table };
      train.push(...blockBackward(gpu, shape, weights.blocks[b], gradients.blocks[b], sets[b], stream));
    }
    train.push(embeddingBackward(gpu, { ids, order, dOut: dStream, dTable: gradients.embedding }));
  }
  const free = (): void => {
    gpu.free(...owned);
  };
  return {
    rows,
    ids,
    targets,
    order,
    logits,
    losses,
    forward,
    evaluate: [...forward, lossOf(false)],
    train,
    dStream,
    free,
  };
}
