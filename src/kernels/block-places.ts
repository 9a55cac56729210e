import { blockSize, countBlocks, elementOf, type BlockShape } from './block-shape.ts';

/** Words of one entry of a table of places. */
export const placeWords = 4;

/**
 * Where the blocks of tensors lie that follow each other without gaps, u32 [blocks, 4]: first element, elements in a row of
 * its tensor (0: gains), first coefficient where blocks are stored one after another, 0. Kernels that treat all blocks of a
 * model in one dispatch find them by it.
 */
export function blockPlaces(shapes: readonly BlockShape[]): Uint32Array<ArrayBuffer> {
  const words: number[] = [];
  let start = 0;
  for (const shape of shapes) {
    const { kind, rows, cols } = shape;
    const { blocks, across } = countBlocks(shape);
    for (let block = 0; block < blocks; block++) {
      const first = start + elementOf(kind, across, block, 0);
      words.push(first, kind === 'gains' ? 0 : cols, start + block * blockSize(kind), 0);
    }
    start += rows * cols;
  }
  return Uint32Array.from(words);
}
