export interface RotaryShape {
  readonly sequence: number;
  readonly heads: number;
  readonly headSize: number;
  /** Rotates by the negative angle: the transpose of the rotation, hence its backward pass. */
  readonly inverse?: boolean;
}

/**
 * Rotary positions (RoFormer, Su et al. 2021, eq. 34), in float64, with the pairs of Llama in Hugging Face's layout:
 * element i of a head turns with element i + headSize / 2 by the angle position * 10000^(-2i / headSize).
 * qkv is [N, 3d], q|k|v with d = heads * headSize; q and k turn, v passes. The position of row n is n mod sequence.
 */
export function rotaryReference(
  qkv: ArrayLike<number>,
  { sequence, heads, headSize, inverse = false }: RotaryShape,
): Float64Array {
  const width = heads * headSize;
  const half = headSize / 2;
  const out = Float64Array.from(qkv); // [N, 3d]
  for (let row = 0; row < out.length / (3 * width); row++) {
    for (let head = 0; head < 2 * heads; head++) {
      for (let i = 0; i < half; i++) {
        const angle = (inverse ? -1 : 1) * (row % sequence) * 10000 ** ((-2 * i) / headSize);
        const at = row * 3 * width + head * headSize + i;
        const [x, y] = [qkv[at], qkv[at + half]];
        out[at] = x * Math.cos(angle) - y * Math.sin(angle);
        out[at + half] = x * Math.sin(angle) + y * Math.cos(angle);
      }
    }
  }
  return out;
}
