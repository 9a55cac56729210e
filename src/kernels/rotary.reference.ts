export interface RotaryShape {
  readonly sequence: number;
  readonly heads: number;
  /** Heads of k and of v; all of them if not given. */
  readonly kvHeads?: number;
  readonly headSize: number;
  /** Rotates by the negative angle: the transpose of the rotation, hence its backward pass. */
  readonly inverse?: boolean;
}

/**
 * Rotary positions (RoFormer, Su et al. 2021, eq. 34), in float64, with the pairs of Llama in Hugging Face's layout:
 * element i of a head turns with element i + headSize / 2 by the angle position * 10000^(-2i / headSize).
 * qkv is [N, (heads + 2 kvHeads) headSize], q|k|v; q and k turn, v passes. The position of row n is n mod sequence.
 */
export function rotaryReference(
  qkv: ArrayLike<number>,
  { sequence, heads, kvHeads = heads, headSize, inverse = false }: RotaryShape,
): Float64Array {
  const width = (heads + 2 * kvHeads) * headSize;
  const half = headSize / 2;
  const out = Float64Array.from(qkv);
  for (let row = 0; row < out.length / width; row++) {
    for (let head = 0; head < heads + kvHeads; head++) {
      for (let i = 0; i < half; i++) {
        const angle = (inverse ? -1 : 1) * (row % sequence) * 10000 ** ((-2 * i) / headSize);
        const at = row * width + head * headSize + i;
        const [x, y] = [qkv[at], qkv[at + half]];
        out[at] = x * Math.cos(angle) - y * Math.sin(angle);
        out[at + half] = x * Math.sin(angle) + y * Math.cos(angle);
      }
    }
  }
  return out;
}
