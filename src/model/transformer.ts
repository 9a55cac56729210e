import { invariant } from '../base/invariant.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';
import { slice, type Tensor } from '../gpu/tensor.ts';
import { embedding, embeddingBackward } from '../kernels/embedding.ts';
import { rmsNorm, rmsNormBackward } from '../kernels/rms-norm.ts';
import { rotaryTable } from '../kernels/rotary.ts';
import { blockBackward, blockForward, type BlockWeights, type PassShape } from './block.ts';
import { configProblem, type ModelConfig } from './config.ts';
import { headChunks } from './head.ts';
import { gainsSlot, vocabularyParts, type ParameterLayout } from './parameters.ts';
import { planPasses, type PassOptions } from './pass-memory.ts';
import { gradientScale } from './precision.ts';

/** Every parameter by its role, or the gradients of them. Embedding and head in parts: `vocabularyParts`. */
export interface Weights {
  readonly embedding: readonly Tensor[]; // [V_p,d]
  readonly blocks: readonly BlockWeights[];
  readonly finalNorm: Tensor; // [d]
  readonly head: readonly Tensor[]; // [V_p,d]
}

/** Finds each role among `tensors`, in layout order, by its name; norms see their slices of the one gains tensor. */
export function weightsOf(
  { width, blocks }: ModelConfig,
  { specs }: ParameterLayout,
  tensors: readonly Tensor[],
): Weights {
  const parts = (name: string): Tensor[] =>
    tensors.filter((_, index) => specs[index].name === name || specs[index].name.startsWith(`${name}.`));
  const named = (name: string): Tensor => {
    const [found] = parts(name);
    invariant(found !== undefined, `a tensor called ${name}`);
    return found;
  };
  const gains = named('gains'); // [1,(2*blocks+1)*d]
  const gain = (slot: number): Tensor => slice(gains, slot * width, [width]);
  return {
    embedding: parts('embedding'),
    blocks: Array.from({ length: blocks }, (_, block) => ({
      attentionNorm: gain(gainsSlot(block, 'attention')),
      qkv: named(`blocks.${block}.qkv`),
      output: named(`blocks.${block}.output`),
      mlpNorm: gain(gainsSlot(block, 'mlp')),
      gateUp: named(`blocks.${block}.gateUp`),
      down: named(`blocks.${block}.down`),
    })),
    finalNorm: gain(2 * blocks),
    head: parts('head'),
  };
}

/** Dispatches of one (batch, sequence), bound once to what they read and write. */
export interface Passes {
  readonly rows: number;
  readonly ids: Tensor; // u32 [N]
  readonly targets: Tensor; // u32 [N]
  readonly order: Tensor; // u32 [N], `rowsById(ids)`; for `train`
  /**
   * [N,V]; the last row is that of the last position. Training overwrites them. Where a vocabulary is larger than a binding,
   * only the first part of it, and only the last rows.
   */
  readonly logits: Tensor;
  readonly losses: Tensor; // [N], nats
  /** ids -> logits. */
  readonly forward: readonly Dispatch[];
  /** ids, targets -> losses. */
  readonly evaluate: readonly Dispatch[];
  /** ids, targets, order -> losses, and d mean(losses) / d parameter added to every gradient. */
  readonly train: readonly Dispatch[];
  readonly free: () => void;
}

/**
 * Binds the passes of a model for `batch` sequences of `sequence` tokens, with the memory that `planPasses` says. With
 * `gradients` there is `train`; without, it is empty. Weights may be f32 or f16, but for gains; gradients are f32.
 */
export function bindPasses(
  gpu: Gpu,
  config: ModelConfig,
  weights: Weights,
  options: Omit<PassOptions, 'gradients'> & { readonly gradients?: Weights },
): Passes {
  invariant(configProblem(config) === undefined, 'a valid config');
  const { batch, sequence, gradients, checkpoint = false, precision = 'f32' } = options;
  invariant(batch >= 1 && sequence >= 1 && sequence <= config.context, 'sequences within the context');
  const { width, blocks, heads, hidden } = config;
  const shape: PassShape = { batch, sequence, width, heads, hidden };
  const owned: Tensor[] = [];
  const tensors = planPasses(
    (name, dims, dtype = 'f32') => {
      const tensor = gpu.tensor(dims, dtype, name);
      owned.push(tensor);
      return tensor;
    },
    config,
    { ...options, gradients: gradients !== undefined },
  );
  const { ids, targets, order, losses, sets, streams, lastNormed, lastRstd, backward } = tensors;
  gpu.write(tensors.rotary, rotaryTable(sequence, width / heads));
  const parts = vocabularyParts(config, options.most);
  const forwardOf = (b: number, output: Tensor | undefined): Dispatch[] =>
    blockForward(gpu, shape, weights.blocks[b], sets[b % sets.length], {
      input: streams[b % streams.length],
      output,
      rotaryTable: tensors.rotary,
    });

  const last = streams[blocks % streams.length];
  const body = [
    ...parts.map(({ first }, part) =>
      embedding(gpu, { ids, table: weights.embedding[part], out: streams[0], first }),
    ),
    ...weights.blocks.flatMap((_, b) => forwardOf(b, streams[(b + 1) % streams.length])),
    rmsNorm(gpu, { x: last, gain: weights.finalNorm, out: lastNormed, rstd: lastRstd }),
  ];
  const scale = gradientScale(precision, batch * sequence);
  const head = headChunks(
    gpu,
    tensors,
    weights.head,
    backward && gradients && { gradient: gradients.head, dRows: backward.rows, scale },
  );

  const train: Dispatch[] = [];
  if (gradients !== undefined && backward !== undefined) {
    const { dStream, rows: dOut } = backward;
    train.push(
      ...body,
      ...head.flatMap((chunk) => [...chunk.forward, ...chunk.train]),
      rmsNormBackward(
        gpu,
        { x: last, gain: weights.finalNorm, rstd: lastRstd, dOut, dX: dStream, dGain: gradients.finalNorm },
        { accumulate: false, scale: scale.down },
      ),
    );
    for (let b = blocks - 1; b >= 0; b--) {
      // The last block's activations are still there from the forward pass.
      if (checkpoint && b < blocks - 1) train.push(...forwardOf(b, undefined));
      const stream = {
        ...{ input: streams[b], scratch: backward },
        ...{ rotaryTable: tensors.rotary, scale: scale.down },
      };
      const set = sets[b % sets.length];
      train.push(...blockBackward(gpu, shape, weights.blocks[b], gradients.blocks[b], set, stream));
    }
    parts.forEach(({ first }, part) => {
      const dTable = gradients.embedding[part];
      const rows = { ids, order, dOut: dStream, dTable, first, scale: scale.down };
      train.push(embeddingBackward(gpu, rows));
    });
  }
  return {
    rows: batch * sequence,
    ids,
    targets,
    order,
    logits: tensors.logits[0],
    losses,
    forward: [...body, ...head.flatMap((chunk) => chunk.forward)],
    evaluate: [...body, ...head.flatMap((chunk) => [...chunk.forward, ...chunk.losses])],
    train,
    free: () => {
      gpu.free(...owned);
    },
  };
}
