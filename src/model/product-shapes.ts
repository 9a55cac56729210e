import type { AttentionCase } from '../kernels/attention-variants.ts';
import type { Product } from '../kernels/matmul.ts';
import type { ModelConfig } from './config.ts';
import { vocabularyParts } from './parameters.ts';
import { headChunkRows, type PassOptions } from './pass-memory.ts';

type PassSize = Pick<PassOptions, 'batch' | 'sequence' | 'precision' | 'most'>;

/** A matrix of the model, and the rows that meet it in one dispatch. */
interface Layer {
  readonly outputs: number;
  readonly inputs: number;
  readonly rows: number;
  /** Its outputs are added to the residual stream, which is f32 in any precision, as is the gradient that comes back. */
  readonly endsBranch?: true;
}

/** Every product of one micro-batch, forward and backward: what is worth tuning before the passes are bound. */
export function productShapes(config: ModelConfig, size: PassSize): readonly Product[] {
  const { width, hidden } = config;
  const rows = size.batch * size.sequence;
  const most = headChunkRows(config, rows, size.most);
  const chunks = rows % most === 0 ? [most] : [most, rows % most];
  const layers: readonly Layer[] = [
    { rows, outputs: 3 * width, inputs: width },
    { rows, outputs: width, inputs: width, endsBranch: true },
    { rows, outputs: 2 * hidden, inputs: width },
    { rows, outputs: width, inputs: hidden, endsBranch: true },
    ...vocabularyParts(config, size.most).flatMap((part) =>
      chunks.map((chunk) => ({ rows: chunk, outputs: part.rows, inputs: width })),
    ),
  ];
  return layers.flatMap((layer) => productsOf(layer, size));
}

/** The products of the first layer of a block's SwiGLU, the widest there is in a block. */
export const widestProducts = ({ width, hidden }: ModelConfig, size: PassSize): readonly Product[] =>
  productsOf({ rows: size.batch * size.sequence, outputs: 2 * hidden, inputs: width }, size);

/** Outputs, the gradient of what went in, and that of the matrix. */
function productsOf(
  { rows, outputs, inputs, endsBranch }: Layer,
  { precision }: PassSize,
): readonly Product[] {
  const shapes = [
    { m: rows, n: outputs, k: inputs, transpose: 'nt' },
    { m: rows, n: inputs, k: outputs, transpose: 'nn' },
    { m: outputs, n: inputs, k: rows, transpose: 'tn' },
  ] as const;
  if (precision !== 'mixed') return shapes;
  const outer = endsBranch === true ? 'f32' : 'f16';
  const stored = [
    { a: 'f16', b: 'f16', out: outer },
    { a: outer, b: 'f16', out: 'f16' },
    { a: outer, b: 'f16', out: 'f32' },
  ] as const;
  return shapes.map((shape, index) => ({ ...shape, stored: stored[index] }));
}

/** The attention of one block. */
export const attentionShape = (
  { width, heads }: ModelConfig,
  { batch, sequence, precision }: PassSize,
): AttentionCase => ({
  ...{ batch, sequence, heads, headSize: width / heads },
  stored: precision === 'mixed' ? 'f16' : 'f32',
});
