/**
 * The bits of a payload, lowest first, and the amplitudes in its order, from the slots of `compress` ([blocks, k]; filled ones
 * first in each block): src/compression/sparse-update.ts tells the format. Plain, for tests.
 */
export function compressPackReference(
  selection: Uint32Array,
  amplitudes: Float32Array,
  { areGains, k, countBits }: { areGains: readonly boolean[]; k: number; countBits: number },
): { bits: number[]; sorted: Float32Array<ArrayBuffer> } {
  const bits: number[] = [];
  const write = (value: number, width: number): void => {
    for (let bit = 0; bit < width; bit++) bits.push((value >> bit) & 1);
  };
  const sorted = new Float32Array(selection.length);
  areGains.forEach((isGains, block) => {
    const slots = Array.from({ length: k }, (_, n) => block * k + n)
      .filter((at) => selection[at] !== 0)
      .sort((a, b) => (selection[a] & 0xfff) - (selection[b] & 0xfff));
    write(slots.length, countBits);
    for (const at of slots) write(selection[at] & 0xfff, isGains ? 6 : 12);
    for (const at of slots) write((selection[at] >> 12) & 1, 1);
    slots.forEach((at, rank) => (sorted[block * k + rank] = amplitudes[at]));
  });
  return { bits, sorted };
}
