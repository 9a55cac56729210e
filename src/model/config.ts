import { invariant } from '../base/invariant.ts';

/** The shape of a Llama-like model: RMSNorm, rotary positions, SwiGLU, no biases, embedding and head untied. */
export interface ModelConfig {
  /** Token ids are [0, vocabulary). A multiple of 64. */
  readonly vocabulary: number;
  /** d, the residual width. A multiple of 64. */
  readonly width: number;
  readonly blocks: number;
  /** Divides `width`; the head size is even and at most 128. */
  readonly heads: number;
  /** h, the SwiGLU width. A multiple of 64. */
  readonly hidden: number;
  /** T, the longest sequence. */
  readonly context: number;
}

export type PresetName = 'nano' | 'micro' | 'small';

/** The sizes a run can start with: about 0.16M, 10M and 123M parameters, bytes as tokens. */
export const presets: Readonly<Record<PresetName, ModelConfig>> = {
  nano: { vocabulary: 256, width: 64, blocks: 2, heads: 4, hidden: 256, context: 64 },
  micro: { vocabulary: 256, width: 320, blocks: 6, heads: 5, hidden: 1280, context: 256 },
  small: { vocabulary: 256, width: 768, blocks: 13, heads: 12, hidden: 3072, context: 1024 },
};

/** WebGPU's default limit on what one binding shows, 128 MiB, in f32: no tensor is longer, on any device. */
export const mostElementsBound = 2 ** 25;

/** The digest numbers four words an element in 32 bits: beyond this, numbers would repeat. */
const mostParameters = 2 ** 30;

/** Why a config cannot be trained here, or undefined. Matrix dimensions are multiples of 64: design section 5. */
export function configProblem(config: ModelConfig): string | undefined {
  const { vocabulary, width, blocks, heads, hidden, context } = config;
  for (const [name, value] of Object.entries(config) as [string, number][]) {
    if (!Number.isInteger(value) || value < 1) return `${name} must be a positive whole number`;
  }
  for (const [name, value] of Object.entries({ vocabulary, width, hidden })) {
    if (value % 64 !== 0) return `${name} must be a multiple of 64`;
  }
  if (width % heads !== 0) return 'heads must divide width';
  const headSize = width / heads;
  if (headSize % 2 !== 0 || headSize > 128) return 'the head size must be even and at most 128';
  if (vocabulary > 65_536 || width > 16_384 || hidden > 65_536)
    return 'a dimension is larger than any we train';
  if (blocks > 128 || context > 8_192) return 'more blocks or context than any we train';
  if (parametersOf(config) > mostParameters) return 'more parameters than any we train';
  if (Math.max(3 * width, 2 * hidden) * width > mostElementsBound)
    return 'a matrix is longer than what WebGPU binds everywhere';
  return undefined;
}

/** Parameters of a config: embedding and head, the matrices of each block, and the norm gains. */
export function countParameters(config: ModelConfig): number {
  invariant(configProblem(config) === undefined, 'a valid config');
  return parametersOf(config);
}

const parametersOf = ({ vocabulary, width, blocks, hidden }: ModelConfig): number =>
  2 * vocabulary * width + blocks * (4 * width * width + 3 * width * hidden) + (2 * blocks + 1) * width;
