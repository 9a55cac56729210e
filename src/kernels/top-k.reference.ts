/**
 * The at most k coefficients of largest magnitude of each block (ties: lower index; zeros never; what is not finite counts
 * as 0), packed as in top-k.ts in falling magnitude, and the momentum after they left. momentum is [blocks, blockSize].
 */
export function topKReference(
  momentum: ArrayLike<number>,
  blockSize: number,
  k: number,
): { selection: Uint32Array; momentum: Float32Array } {
  const left = Float32Array.from(momentum, (value) => (Number.isFinite(value) ? value : 0));
  const blocks = left.length / blockSize;
  const selection = new Uint32Array(blocks * k);
  for (let block = 0; block < blocks; block++) {
    const order = Array.from({ length: blockSize }, (_, index) => index)
      .filter((index) => left[block * blockSize + index] !== 0)
      .sort((a, b) => Math.abs(left[block * blockSize + b]) - Math.abs(left[block * blockSize + a]) || a - b)
      .slice(0, k);
    order.forEach((index, slot) => {
      const at = block * blockSize + index;
      selection[block * k + slot] = index | (left[at] < 0 ? 1 << 12 : 0) | (1 << 13);
      left[at] = 0;
    });
  }
  return { selection, momentum: left };
}
