import { blockSize, countBlocks, elementOf, type BlockShape } from './block-shape.ts';
import { integerBasis } from './integer-basis.ts';

/** X = T' V T per block in wrapping i32. votes: [>= blocks, 4096] (gains [>= blocks, 64]); the result is [rows, cols]. */
export function inverseDctReference(votes: Int32Array, shape: BlockShape): Int32Array {
  const { blocks, across } = countBlocks(shape);
  const { kind, rows, cols } = shape;
  const size = blockSize(kind);
  const x = new Int32Array(rows * cols);
  const block = new Int32Array(size);
  for (let b = 0; b < blocks; b++) {
    block.fill(0);
    for (let index = 0; index < size; index++) {
      const vote = votes[b * size + index];
      if (vote === 0) continue;
      if (kind === 'gains') {
        for (let i = 0; i < 64; i++) block[i] += Math.imul(vote, integerBasis[index * 64 + i]);
        continue;
      }
      const u = index >> 6;
      const v = index & 63;
      for (let i = 0; i < 64; i++) {
        const row = Math.imul(vote, integerBasis[u * 64 + i]);
        for (let j = 0; j < 64; j++) block[i * 64 + j] += Math.imul(row, integerBasis[v * 64 + j]);
      }
    }
    for (let index = 0; index < size; index++) x[elementOf(kind, across, b, index)] = block[index];
  }
  return x;
}
