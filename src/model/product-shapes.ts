import type { AttentionShape } from '../kernels/attention.reference.ts';
import type { MatmulShape } from '../kernels/matmul.reference.ts';
import type { ModelConfig } from './config.ts';

/** Every product of one micro-batch, forward and backward: what is worth tuning before the passes are bound. */
export function productShapes(
  { width, hidden, vocabulary }: ModelConfig,
  { batch, sequence }: { readonly batch: number; readonly sequence: number },
): readonly MatmulShape[] {
  const rows = batch * sequence;
  const weights: readonly (readonly [outputs: number, inputs: number])[] = [
    [3 * width, width],
    [width, width],
    [2 * hidden, width],
    [width, hidden],
    [vocabulary, width],
  ];
  return weights.flatMap(([outputs, inputs]): MatmulShape[] => [
    { m: rows, n: outputs, k: inputs, transpose: 'nt' },
    { m: rows, n: inputs, k: outputs, transpose: 'nn' },
    { m: outputs, n: inputs, k: rows, transpose: 'tn' },
  ]);
}

/** The attention of one block. */
export const attentionShape = (
  { width, heads }: ModelConfig,
  { batch, sequence }: { readonly batch: number; readonly sequence: number },
): AttentionShape => ({ batch, sequence, heads, headSize: width / heads });
