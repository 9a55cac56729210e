/**
 * The at most k coefficients of largest magnitude of each block (ties: lower index; zeros never; what is not finite counts
 * as 0), packed as in top-k.ts in falling magnitude, with their amplitudes f32 [blocks, k], and the momentum after they left.
 * momentum is [blocks, blockSize].
 */
export function topKReference(
  momentum: ArrayLike<number>,
  blockSize: number,
  k: number,
): { selection: Uint32Array<ArrayBuffer>; amplitudes: Float32Array<ArrayBuffer>; momentum: Float32Array } {
  const left = Float32Array.from(momentum, (value) => (Number.isFinite(value) ? value : 0));
  const blocks = left.length / blockSize;
  const selection = new Uint32Array(blocks * k);
  const amplitudes = new Float32Array(blocks * k);
  for (let block = 0; block < blocks; block++) {
    const order = Array.from({ length: blockSize }, (_, index) => index)
      .filter((index) => left[block * blockSize + index] !== 0)
      .sort((a, b) => Math.abs(left[block * blockSize + b]) - Math.abs(left[block * blockSize + a]) || a - b)
      .slice(0, k);
    order.forEach((index, slot) => {
      const at = block * blockSize + index;
      selection[block * k + slot] = index | (left[at] < 0 ? 1 << 12 : 0) | (1 << 13);
      amplitudes[block * k + slot] = left[at];
      left[at] = 0;
    });
  }
  return { selection, amplitudes, momentum: left };
}

/** momentum [blocks, blockSize] with the amplitudes [blocks, k] added at the slots of the selection, in f32. */
export function putBackReference(
  momentum: Float32Array,
  selection: Uint32Array,
  amplitudes: Float32Array,
  blockSize: number,
): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(momentum);
  const k = (selection.length * blockSize) / momentum.length;
  selection.forEach((word, slot) => {
    const index = word & 0xfff;
    if ((word & (1 << 13)) === 0 || index >= blockSize) return;
    whole[Math.floor(slot / k) * blockSize + index] += amplitudes[slot];
  });
  return whole;
}
