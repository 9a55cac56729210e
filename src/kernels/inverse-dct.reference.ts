import { blockSize, countBlocks, elementOf, type BlockShape } from './block-shape.ts';
import { integerBasis } from './integer-basis.ts';

/**
 * X = T' V T per block in wrapping i32, [rows, cols]. starts: [all blocks + 1]; votes: packed as in sign-votes.ts; the
 * tensor's blocks are those from firstBlock on.
 */
export function inverseDctReference(
  starts: Uint32Array,
  votes: Uint32Array,
  firstBlock: number,
  shape: BlockShape,
): Int32Array {
  const { blocks, across } = countBlocks(shape);
  const { kind, rows, cols } = shape;
  const basis = integerBasis; // [64, 64]
  const x = new Int32Array(rows * cols);
  const X = new Int32Array(blockSize(kind)); // of one block
  for (let block = 0; block < blocks; block++) {
    X.fill(0);
    for (let n = starts[firstBlock + block]; n < starts[firstBlock + block + 1]; n++) {
      const vote = (votes[n] << 16) >> 16;
      if (kind === 'gains') addWave(X, 0, vote, basis, votes[n] >>> 16);
      else {
        const u = votes[n] >>> 22;
        const v = (votes[n] >>> 16) & 63;
        for (let i = 0; i < 64; i++) addWave(X, 64 * i, Math.imul(vote, basis[64 * u + i]), basis, v);
      }
    }
    for (let index = 0; index < X.length; index++) x[elementOf(kind, across, block, index)] = X[index];
  }
  return x;
}

/** X[start + j] += factor * T[v][j] for j = 0..63. */
function addWave(X: Int32Array, start: number, factor: number, basis: Int32Array, v: number): void {
  for (let j = 0; j < 64; j++) X[start + j] += Math.imul(factor, basis[64 * v + j]);
}
