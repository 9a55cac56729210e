import { invariant } from '../base/invariant.ts';
import { byteLength, sizeOf } from '../gpu/tensor.ts';
import { partialsPerTensor } from '../kernels/gradient-norm.ts';
import { mostElementsBound, type ModelConfig } from './config.ts';
import { pageSpans } from './pages.ts';
import { parameterLayout, vocabularyParts } from './parameters.ts';
import type { Precision } from './precision.ts';

/** How the passes of a model are laid out in memory. */
export interface PassOptions {
  /** Sequences of a micro-batch. */
  readonly batch: number;
  /** Tokens of a sequence. */
  readonly sequence: number;
  /** With the backward pass. Without, blocks share one set of activations. */
  readonly gradients: boolean;
  /** Keep only what enters each block, and compute the rest of a block again before its backward pass. */
  readonly checkpoint?: boolean;
  /** `f32` unless given. `mixed` needs `shader-f16`. */
  readonly precision?: Precision;
  /** Elements of the longest binding; smaller than the default in tests only. */
  readonly most?: number;
}

/** What one block's forward pass leaves for its backward pass. In `mixed` precision f16, but for what is marked f32. */
export interface BlockActivations<T> {
  readonly attentionNormed: T; // [N,d]
  readonly attentionRstd: T; // f32 [N]
  readonly qkv: T; // [N,3d]
  readonly attended: T; // [N,d]
  readonly lse: T; // f32 [B,H,T]
  readonly middle: T; // f32 [N,d], the residual stream after attention
  readonly mlpNormed: T; // [N,d]
  readonly mlpRstd: T; // f32 [N]
  readonly gateUp: T; // [N,2h]
  readonly activated: T; // [N,h], of all blocks the same: computed again on the way back
}

/** Gradients on the way through the model; every block overwrites them. Types as in `BlockActivations`. */
export interface BackwardScratch<T> {
  readonly dStream: T; // f32 [N,d], of the residual stream
  readonly rows: T; // [N,d], of a norm's output or of attention's
  readonly wide: T; // [N,max(3d,2h)], of qkv and then of gateUp
  readonly delta: T; // f32 [B,H,T]
}

/**
 * Everything of one (batch, sequence) that is not the model. f32 but for ids, targets and order, which are u32, and, in `mixed`
 * precision, lastNormed, logits and what `BlockActivations` says.
 */
export interface PassTensors<T> {
  readonly ids: T; // [N]
  readonly targets: T; // [N]
  readonly order: T; // [N], `rowsById(ids)`
  readonly losses: T; // [N], nats
  readonly rotary: T; // [T,hs/2,2]
  readonly lastNormed: T; // [N,d]
  readonly lastRstd: T; // [N]
  /** Of `HeadChunks.rows` rows, one for each part of the head: [rows, V_p]. */
  readonly logits: readonly T[];
  readonly peaks: T | undefined; // [rows,2], where the head has parts
  /** One a block, or one for all. */
  readonly sets: readonly BlockActivations<T>[];
  /** [N,d]; what enters block b is streams[b % length], what leaves the last is streams[blocks % length]. */
  readonly streams: readonly T[];
  readonly backward: BackwardScratch<T> | undefined;
}

/** Makes one tensor of a plan: on a GPU, or only its size. */
export type Allocate<T> = (name: string, shape: readonly number[], dtype?: 'f32' | 'f16' | 'u32') => T;

/** Rows of logits that are in memory at once: all, or as many as a binding shows of a whole vocabulary. */
export function headChunkRows({ vocabulary }: ModelConfig, rows: number, most = mostElementsBound): number {
  if (rows * vocabulary <= most) return rows;
  const fitting = 64 * Math.floor(most / vocabulary / 64); // slices begin at multiples of 64
  invariant(fitting > 0, `64 rows of ${vocabulary} logits fit a binding`);
  return fitting;
}

/** Plans the tensors of a pass. The same plan allocates them and counts them. */
export function planPasses<T>(
  allocate: Allocate<T>,
  config: ModelConfig,
  { batch, sequence, gradients, checkpoint = false, precision = 'f32', most }: PassOptions,
): PassTensors<T> {
  const { width, hidden, heads, blocks } = config;
  const half = precision === 'mixed' ? 'f16' : 'f32';
  const rows = batch * sequence;
  const queries = [batch, heads, sequence];
  const chunk = headChunkRows(config, rows, most);
  const parts = vocabularyParts(config, most);
  const kept = gradients && !checkpoint ? blocks : 1;
  const activated = allocate('activated', [rows, hidden], half);
  const streams = gradients ? blocks + 1 : 2; // two take turns if none is kept
  return {
    ids: allocate('ids', [rows], 'u32'),
    targets: allocate('targets', [rows], 'u32'),
    order: allocate('order', [rows], 'u32'),
    losses: allocate('losses', [rows]),
    rotary: allocate('rotary', [sequence, width / heads / 2, 2]),
    lastNormed: allocate('lastNormed', [rows, width], half),
    lastRstd: allocate('lastRstd', [rows]),
    logits: parts.map((part) => allocate('logits', [chunk, part.rows], half)),
    peaks: parts.length > 1 ? allocate('peaks', [chunk, 2]) : undefined,
    sets: Array.from({ length: kept }, () => ({
      attentionNormed: allocate('attentionNormed', [rows, width], half),
      attentionRstd: allocate('attentionRstd', [rows]),
      qkv: allocate('qkv', [rows, 3 * width], half),
      attended: allocate('attended', [rows, width], half),
      lse: allocate('lse', queries),
      middle: allocate('middle', [rows, width]),
      mlpNormed: allocate('mlpNormed', [rows, width], half),
      mlpRstd: allocate('mlpRstd', [rows]),
      gateUp: allocate('gateUp', [rows, 2 * hidden], half),
      activated,
    })),
    streams: Array.from({ length: streams }, (_, i) => allocate(`stream.${i}`, [rows, width])),
    backward: gradients
      ? {
          dStream: allocate('dStream', [rows, width]),
          rows: allocate('dRows', [rows, width], half),
          wide: allocate('dWide', [rows, Math.max(3 * width, 2 * hidden)], half),
          delta: allocate('delta', queries),
        }
      : undefined,
  };
}

/** Of a tensor on the GPU. */
const bytesOf = (shape: readonly number[], dtype: 'f32' | 'f16' | 'u32' = 'f32'): number =>
  byteLength({ dtype, length: sizeOf(shape) });

/**
 * GPU bytes of a replica while it trains (`gradients`), or of one that only computes losses: parameters, their f16 copy in `mixed`
 * precision, gradients and their norm, activations. The momentum of a strategy or the moments of an optimizer come on top. Exact: a test holds the
 * GPU's own count to it.
 */
export function peakBytes(config: ModelConfig, options: PassOptions): number {
  let bytes = 0;
  const count: Allocate<void> = (_name, shape, dtype) => {
    bytes += bytesOf(shape, dtype);
  };
  planPasses(count, config, options);
  const layout = parameterLayout(config, options.most);
  bytes += bytesOf([layout.length]);
  if (options.precision === 'mixed') bytes += bytesOf([layout.length], 'f16'); // tensors are of even lengths
  if (!options.gradients) return bytes;
  const pages = pageSpans(layout, options.most).length;
  const rows = options.batch * options.sequence;
  const round = [layout.length, rows, pages * partialsPerTensor, 2, 4]; // gradients, losses, norm, digest
  return bytes + round.reduce((sum, length) => sum + bytesOf([length]), 0);
}

/** Bytes of the longest binding of such a replica: what it asks of `maxStorageBufferBindingSize`. */
export function largestBindingBytes(config: ModelConfig, options: PassOptions): number {
  let largest = 0;
  const measure: Allocate<void> = (_name, shape, dtype) => {
    largest = Math.max(largest, bytesOf(shape, dtype));
  };
  planPasses(measure, config, options);
  for (const { length } of pageSpans(parameterLayout(config, options.most), options.most))
    measure('page', [length]);
  return largest;
}
