import { blockSize, countBlocks, elementOf, type BlockShape } from './block-shape.ts';

/** a(u) cos(pi (2i+1) u / 128): the orthonormal DCT-II of length 64. */
const basis = (u: number, i: number): number =>
  (u === 0 ? 1 / 8 : Math.SQRT2 / 8) * Math.cos((Math.PI * (2 * i + 1) * u) / 128);

/**
 * decay * momentum + DCT(multiplier * gradient) in float64. gradient is [rows, cols]; momentum and the result are
 * [blocks, 4096], for gains [blocks, 64].
 */
export function dctReference(
  gradient: ArrayLike<number>,
  momentum: ArrayLike<number>,
  shape: BlockShape,
  { multiplier, momentumDecay }: { multiplier: number; momentumDecay: number },
): Float64Array {
  const { blocks, across } = countBlocks(shape);
  const size = blockSize(shape.kind);
  const B = Float64Array.from({ length: 4096 }, (_, at) => basis(at >> 6, at & 63)); // [64, 64]
  const out = new Float64Array(blocks * size);
  for (let block = 0; block < blocks; block++) {
    const g = Float64Array.from(
      { length: size },
      (_, index) => multiplier * gradient[elementOf(shape.kind, across, block, index)],
    );
    const coefficients = shape.kind === 'gains' ? transformLine(B, g) : transformSquare(B, g);
    for (let index = 0; index < size; index++) {
      const at = block * size + index;
      out[at] = momentumDecay * momentum[at] + coefficients[index];
    }
  }
  return out;
}

function transformLine(B: Float64Array, g: Float64Array): Float64Array {
  const out = new Float64Array(64);
  for (let u = 0; u < 64; u++) for (let i = 0; i < 64; i++) out[u] += B[64 * u + i] * g[i];
  return out;
}

function transformSquare(B: Float64Array, g: Float64Array): Float64Array {
  const half = new Float64Array(4096); // [u, j]
  const out = new Float64Array(4096); // [u, v]
  for (let u = 0; u < 64; u++)
    for (let i = 0; i < 64; i++)
      for (let j = 0; j < 64; j++) half[64 * u + j] += B[64 * u + i] * g[64 * i + j];
  for (let u = 0; u < 64; u++)
    for (let v = 0; v < 64; v++)
      for (let j = 0; j < 64; j++) out[64 * u + v] += half[64 * u + j] * B[64 * v + j];
  return out;
}
