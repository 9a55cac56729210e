import type { Bytes } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import { hashWords, mix32 } from '../base/random.ts';
import { accepted, refused, type Decoded } from '../base/verdict.ts';
import { largestInteger, latticePerUnit } from '../kernels/apply.reference.ts';
import { configProblem, countParameters, mostElementsBound, type ModelConfig } from './config.ts';

/** One tensor of the model. Gains are a single row. Linear layers are y = x W^T, so W is [out, in]. */
export interface ParameterSpec {
  readonly name: string;
  readonly kind: 'matrix' | 'gains';
  readonly rows: number;
  readonly cols: number;
  /** Index of the first element in the concatenation of all tensors. */
  readonly offset: number;
}

/** Every tensor of a config in the order of snapshots, digests and contributions. `length` counts elements. */
export interface ParameterLayout {
  readonly specs: readonly ParameterSpec[];
  readonly length: number;
}

/** Rows [first, first + rows) of the vocabulary: a part of the embedding, and of the head. */
export interface VocabularyPart {
  readonly first: number;
  readonly rows: number;
}

/** Cuts a vocabulary so that no part of the embedding is longer than `most` elements; one part unless it must be more. */
export function vocabularyParts(
  { vocabulary, width }: ModelConfig,
  most = mostElementsBound,
): VocabularyPart[] {
  const rows = Math.min(vocabulary, 64 * Math.floor(most / width / 64)); // whole blocks of 64
  invariant(rows > 0, `64 rows of ${width} fit a binding`);
  return Array.from({ length: Math.ceil(vocabulary / rows) }, (_, part) => ({
    first: part * rows,
    rows: Math.min(rows, vocabulary - part * rows),
  }));
}

/**
 * The tensors of a config: embedding [V,d]; of each block qkv [3d,d], output [d,d], gateUp [2h,d], down [d,h];
 * head [V,d]; last, all RMSNorm gains in one row, in the order they are applied (see `gainsSlot`). An embedding and head
 * longer than `most` elements, what WebGPU lets one binding show everywhere, are several tensors, `embedding.0` and on:
 * the same words in the same order.
 */
export function parameterLayout(config: ModelConfig, most = mostElementsBound): ParameterLayout {
  invariant(configProblem(config) === undefined, 'a valid config');
  const { width, blocks, hidden } = config;
  const specs: ParameterSpec[] = [];
  let offset = 0;
  const add = (name: string, kind: 'matrix' | 'gains', rows: number, cols: number): void => {
    specs.push({ name, kind, rows, cols, offset });
    offset += rows * cols;
  };
  const parts = vocabularyParts(config, most);
  const addParts = (name: string): void => {
    parts.forEach(({ rows }, part) => {
      add(parts.length === 1 ? name : `${name}.${part}`, 'matrix', rows, width);
    });
  };
  addParts('embedding');
  for (let block = 0; block < blocks; block++) {
    add(`blocks.${block}.qkv`, 'matrix', 3 * width, width);
    add(`blocks.${block}.output`, 'matrix', width, width);
    add(`blocks.${block}.gateUp`, 'matrix', 2 * hidden, width);
    add(`blocks.${block}.down`, 'matrix', width, hidden);
  }
  addParts('head');
  add('gains', 'gains', 1, (2 * blocks + 1) * width);
  invariant(offset === countParameters(config), 'the layout holds every parameter once');
  return { specs, length: offset };
}

/** Which `width`-long piece of the gains belongs to a norm; the final norm is 2 * blocks. */
export const gainsSlot = (block: number, norm: 'attention' | 'mlp'): number =>
  2 * block + (norm === 'mlp' ? 1 : 0);

/** The largest whole number whose square is at most `square` < 2^52: the same in every engine. */
function integerSqrt(square: number): number {
  let root = Math.floor(Math.sqrt(square));
  while (root * root > square) root--;
  while ((root + 1) * (root + 1) <= square) root++;
  return root;
}

/**
 * A sum of four u32 draws, less its mean, has a standard deviation of 2^32 / sqrt(3). Times this and over 2^34 it is
 * 0.02 in steps of 2^-22: round(0.02 * 2^22 * sqrt(3) * 4). Products stay below 2^53, so they are exact.
 */
const scaleFor002 = 581_180;
const sumBelow = 2 ** 34;
const meanOfSum = 2 ** 33 - 2;

/**
 * Initial values, [length] f32, in layout order: a pure function of (config, seed) in integers, so every browser gets
 * the same words. Matrices: an Irwin-Hall sum of four draws hashed from (seed, global index), standard deviation 0.02,
 * and 0.02 / sqrt(2 * blocks) for what writes to the residual stream (GPT-2, Radford et al. 2019, section 2.3). Gains: 1.
 */
export function initialParameters(config: ModelConfig, seed: number): Float32Array<ArrayBuffer> {
  const layout = parameterLayout(config);
  const values = new Float32Array(layout.length);
  const [key0, key1, key2, key3] = [0, 1, 2, 3].map((draw) => hashWords(seed, draw));
  const residualScale = integerSqrt(Math.floor((scaleFor002 * scaleFor002) / (2 * config.blocks)));
  for (const { name, kind, rows, cols, offset } of layout.specs) {
    const end = offset + rows * cols;
    if (kind === 'gains') {
      values.fill(1, offset, end);
      continue;
    }
    const scale = /\.(output|down)$/.test(name) ? residualScale : scaleFor002;
    for (let i = offset; i < end; i++) {
      const sum = mix32(i ^ key0) + mix32(i ^ key1) + mix32(i ^ key2) + mix32(i ^ key3);
      values[i] = Math.floor(((sum - meanOfSum) * scale) / sumBelow) / latticePerUnit.matrix;
    }
  }
  return values;
}

/**
 * The parameters in a snapshot: little-endian f32 words in layout order. Refuses any other length and any word that
 * is not a lattice value in its one canonical form, so what is accepted is exactly what `apply` can produce.
 */
export function decodeParameters(layout: ParameterLayout, bytes: Bytes): Decoded<Float32Array<ArrayBuffer>> {
  if (bytes.length !== 4 * layout.length) return refused('wrong length');
  const values = new Float32Array(bytes.slice().buffer); // [length]; WebGPU hosts are little-endian
  for (const { kind, rows, cols, offset } of layout.specs) {
    const perUnit = latticePerUnit[kind];
    for (let i = offset; i < offset + rows * cols; i++) {
      const q = values[i] * perUnit;
      if (!Number.isInteger(q)) return refused(Number.isFinite(q) ? 'off the lattice' : 'not finite');
      if (Math.abs(q) > largestInteger) return refused('out of range');
      if (Object.is(q, -0)) return refused('negative zero');
    }
  }
  return accepted(values);
}
