import { invariant } from '../base/invariant.ts';

/** A matrix is cut into 64x64 blocks with the 2-D transform, gains (one row) into 64-blocks with the 1-D one. */
export type BlockKind = 'matrix' | 'gains';

/** The side of a block. */
export const blockSide = 64;

export interface BlockShape {
  readonly kind: BlockKind;
  readonly rows: number;
  readonly cols: number;
}

/** Coefficients of one block: 4096 or 64. */
export const blockSize = (kind: BlockKind): number => (kind === 'matrix' ? blockSide * blockSide : blockSide);

/** Blocks of a tensor and how many stand side by side. Dimensions must be multiples of 64 (gains: rows = 1). */
export function countBlocks({ kind, rows, cols }: BlockShape): { blocks: number; across: number } {
  invariant(
    cols % blockSide === 0 && (kind === 'gains' ? rows === 1 : rows % blockSide === 0),
    `a ${kind} of ${rows}x${cols} cuts into 64-blocks`,
  );
  const across = cols / blockSide;
  return { blocks: kind === 'gains' ? across : (rows / blockSide) * across, across };
}

/** Where element `index` of `block` lies in a matrix `across` blocks wide, or in a row of gains. */
export function elementOf(kind: BlockKind, across: number, block: number, index: number): number {
  if (kind === 'gains') return block * blockSide + index;
  const row = Math.floor(block / across) * blockSide + (index >> 6);
  return row * across * blockSide + (block % across) * blockSide + (index & 63);
}
