import { StarlingError } from '../base/errors.ts';
import { blockSize, countBlocks, type BlockKind } from '../kernels/block-shape.ts';

/** One tensor of a model. Gains are a single row. */
export interface ParameterSpec {
  readonly name: string;
  readonly kind: BlockKind;
  readonly rows: number;
  readonly cols: number;
  /** Index of the first element in the concatenation of all tensors. */
  readonly offset: number;
}

/** A tensor cut into blocks: 64x64 for a matrix, 64 for gains (design section 5). */
export interface BlockedParameter {
  readonly spec: ParameterSpec;
  /** Coefficients of a block: 4096 or 64. */
  readonly size: number;
  readonly blocks: number;
  /** The number of its first block, counting through all tensors in order. */
  readonly firstBlock: number;
}

/** All tensors of a model as one sequence of blocks: the order of payloads. */
export interface BlockLayout {
  readonly parameters: readonly BlockedParameter[];
  readonly blocks: number;
  /** Elements of all tensors. */
  readonly length: number;
}

/**
 * Cuts tensors into blocks, in the order given. Throws StarlingError `unblockable-parameters` where a dimension is not a
 * multiple of 64 or an offset does not follow from the tensors before it.
 */
export function blockLayout(specs: readonly ParameterSpec[]): BlockLayout {
  const parameters: BlockedParameter[] = [];
  let firstBlock = 0;
  let offset = 0;
  for (const spec of specs) {
    const { name, kind, rows, cols } = spec;
    const whole = Number.isInteger(rows) && Number.isInteger(cols) && rows > 0 && cols > 0;
    const fits = whole && cols % 64 === 0 && (kind === 'gains' ? rows === 1 : rows % 64 === 0);
    if (!fits || spec.offset !== offset) {
      throw new StarlingError(
        'unblockable-parameters',
        `The tensor ${name} (${kind}, ${rows} x ${cols}, at ${spec.offset}) does not cut into blocks of 64.`,
        'Choose model dimensions that are multiples of 64, and list tensors in the order of their offsets.',
      );
    }
    const { blocks } = countBlocks(spec);
    parameters.push({ spec, size: blockSize(kind), blocks, firstBlock });
    firstBlock += blocks;
    offset += rows * cols;
  }
  return { parameters, blocks: firstBlock, length: offset };
}
